package config

import (
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// matcher is a compiled expression; nil: none.
type matcher = *regexp.Regexp

// check adds what is wrong with values that have the right form.
func (r *reader) check() {
	c := &r.loaded.Config
	r.checkServer(&c.Server)
	for i := range c.Stations {
		r.checkRule(&c.Stations[i], "stations."+strconv.Itoa(i))
	}
	names := map[string]bool{}
	for i := range c.Converters {
		at := "converters." + strconv.Itoa(i)
		r.checkConverter(&c.Converters[i], at)
		name := strings.ToLower(c.Converters[i].Name)
		if names[name] {
			r.wrong(join(at, "name"), "another converter is called %q, too", c.Converters[i].Name)
		}
		names[name] = true
	}
	r.within("spool.max_reports", c.Spool.MaxReports, 1, 10_000_000)
	r.within("upload.workers", c.Upload.Workers, 1, 20)
	r.within("upload.rate", c.Upload.Rate, 0, 1_000_000)
	r.within("log.max_files", c.Log.MaxFiles, 1, 1000)
	r.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	if c.Log.MaxSize < 64<<10 {
		r.wrong("log.max_size", "must be at least 64KiB")
	}
	if c.Gateway.Listen != "" && !isLoopback(c.Gateway.Listen) {
		r.wrong("gateway.listen", "%q is not a loopback address with a port, such as 127.0.0.1:8090: the gateway takes reports without a credential", c.Gateway.Listen)
	}
}

func (r *reader) within(path string, n, least, most int) {
	if n < least || n > most {
		r.wrong(path, "must be from %d to %d, is %d", least, most, n)
	}
}

func (r *reader) oneOf(path, word string, words ...string) {
	if !slices.Contains(words, word) {
		r.wrong(path, "must be one of %s, is %q", strings.Join(words, ", "), word)
	}
}

func isLoopback(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (r *reader) checkServer(s *Server) {
	if u, err := url.Parse(s.URL); s.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil) {
		r.wrong("server.url", "must be an address such as https://plant.example, without user name and password")
	}
	if u, err := url.Parse(s.Proxy); s.Proxy != "system" && s.Proxy != "none" && (err != nil || u.Host == "" || u.User != nil) {
		r.wrong("server.proxy", "must be system, none, or an address such as http://proxy:3128")
	}
	if (s.Certificate == "") != (s.Key == "") {
		r.wrong("server.certificate", "certificate and key go together: give both or none")
	}
	if (s.SignAs == "") != (s.SignKey == "") {
		r.wrong("server.sign_key", "sign_as and sign_key go together: give both or none")
	}
	if s.Timeout <= 0 {
		r.wrong("server.timeout", "must be more than 0")
	}
}

func (r *reader) checkRule(rule *Rule, at string) {
	expression, err := regexp.Compile(rule.Match)
	switch {
	case rule.Match == "":
		r.wrong(join(at, "match"), "is missing: give a regular expression on the path of a file")
	case err != nil:
		r.wrong(join(at, "match"), "%v", err)
	case rule.Name == "":
		r.wrong(join(at, "name"), "is missing: give the station's name")
	}
	rule.compiled = expression
}

// StationOf returns the station of the first rule that matches the path of a file; ok is false when none does.
func (c *Config) StationOf(path string) (s Station, ok bool) {
	path = strings.ReplaceAll(path, `\`, "/")
	for _, rule := range c.Stations {
		if rule.compiled != nil && rule.compiled.MatchString(path) {
			return rule.Station, true
		}
	}
	return Station{}, false
}

func (r *reader) checkConverter(c *Converter, at string) {
	field := func(name string) string { return join(at, name) }
	switch {
	case c.Name == "":
		r.wrong(field("name"), "is missing: give the converter a name")
	case strings.ContainsAny(c.Name, `/\:*?"<>|`):
		r.wrong(field("name"), "%q holds a character that file names cannot have", c.Name)
	}
	r.oneOf(field("kind"), string(c.Kind), string(FileKind), string(FolderKind), string(ScheduleKind))
	r.oneOf(field("after"), string(c.After), string(MoveAction), string(ZipAction), string(DeleteAction), string(KeepAction))
	r.oneOf(field("mode"), c.Mode, "import", "active")
	r.within(field("priority"), c.Priority, 1, 10)
	r.within(field("parallel"), c.Parallel, 1, 64)
	r.within(field("suspend.tries"), c.Suspend.Tries, 1, 10_000)
	if c.Folder == "" {
		r.wrong(field("folder"), "is missing: give the folder to watch")
	}
	for _, p := range c.Patterns {
		if _, err := path.Match(p, ""); err != nil {
			r.wrong(field("patterns"), "%q is no pattern: use * and ? as in *.json", p)
		}
	}
	for name, span := range map[string]bool{"timeout": c.Timeout > 0, "settle": c.Settle >= 0, "rescan": c.Rescan > 0} {
		if !span {
			r.wrong(field(name), "must be more than 0")
		}
	}
	if same(c.Done, ".") || same(c.Error, ".") || same(c.Done, c.Error) {
		r.wrong(field("done"), "done, error and folder must be three different folders")
	}
	r.checkSchedule(c, field)
}

func same(a, b string) bool { return path.Clean(strings.ReplaceAll(a, `\`, "/")) == path.Clean(b) }

func (r *reader) checkSchedule(c *Converter, field func(string) string) {
	if c.Cron != "" {
		if _, err := ParseCron(c.Cron); err != nil {
			r.wrong(field("cron"), "%v", err)
		}
	}
	switch {
	case c.Kind != ScheduleKind:
		if c.Cron != "" || c.Every != 0 || len(c.Command) > 0 {
			r.wrong(field("kind"), "every, cron and command are for kind: schedule")
		}
	case (c.Cron == "") == (c.Every == 0):
		r.wrong(field("every"), "give either every or cron")
	case len(c.Command) == 0:
		r.wrong(field("command"), "is missing: give the program that a run starts")
	}
}
