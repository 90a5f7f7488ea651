package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Import is what the settings of another client mean here.
type Import struct {
	Edits []ImportedSetting // in order, for [Edit]
	Token string            // the client's token: it is to be kept elsewhere, by reference
	Notes []string          // what has no counterpart, and what to do about it
}

// ImportedSetting is one setting and its value.
type ImportedSetting struct{ Path, Value string }

func (i *Import) set(path, value string) {
	if value != "" {
		i.Edits = append(i.Edits, ImportedSetting{path, value})
	}
}

func (i *Import) notef(format string, args ...any) {
	i.Notes = append(i.Notes, fmt.Sprintf(format, args...))
}

// ImportFrom reads the settings of another WATS client: the JSON file of pyWATS, or settings.json or converters.xml of the client for Windows.
// Existing is how many converters the file that they are added to has.
func ImportFrom(text []byte, existing int) (*Import, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the file is larger than %d KiB", MaxBytes>>10)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	switch {
	case bytes.HasPrefix(text, []byte("<")):
		return importConverters(text, existing)
	case bytes.HasPrefix(text, []byte("{")):
		return importJSON(text, existing)
	}
	return nil, errors.New("the file is neither JSON nor XML: give the JSON file of pyWATS, or settings.json or converters.xml of the client for Windows")
}

func importJSON(text []byte, existing int) (*Import, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("the file is not one JSON object: %w", err)
	}
	i := &importer{members: members}
	if _, ok := members["TargetURL"]; ok {
		i.fromSettings()
	} else {
		i.fromPyWATS(existing)
	}
	return &i.Import, nil
}

// importer takes members out of a JSON object; what is left at the end has no counterpart.
type importer struct {
	Import
	members map[string]json.RawMessage
}

// take returns a member as a text and forgets it; "" for null and what is not there. Numbers and booleans are texts of themselves.
func (i *importer) take(name string) string {
	value, ok := i.members[name]
	delete(i.members, name)
	var text string
	switch {
	case !ok, string(value) == "null":
		return ""
	case json.Unmarshal(value, &text) == nil:
		return strings.TrimSpace(text)
	}
	return string(value)
}

// fromSettings reads settings.json of the client for Windows.
func (i *importer) fromSettings() {
	i.set("server.url", i.take("TargetURL"))
	if i.take("ClientPasscode") != "" || i.take("EncryptedClientPasscode") != "" {
		i.notef("the passcode of the client cannot be used here: make a token at the server, keep it in a file, and set server.token to file:PATH")
	}
	for _, name := range []string{"ClientState", "EncryptedClientPasscode"} {
		i.take(name)
	}
	i.tellRest()
}

// fromPyWATS reads the configuration of the Python client, schema 1.0 to 2.x.
func (i *importer) fromPyWATS(existing int) {
	i.set("server.url", i.take("service_address"))
	i.Token = i.take("api_token")
	i.set("station.name", i.take("station_name"))
	i.set("station.location", i.take("location"))
	i.set("station.purpose", i.take("purpose"))
	i.proxy()
	if n, err := strconv.Atoi(i.take("max_queue_size")); err == nil && n > 0 {
		i.set("spool.max_reports", strconv.Itoa(n))
	}
	if n, err := strconv.Atoi(i.take("max_concurrent_uploads")); err == nil && n > 0 {
		i.set("upload.workers", strconv.Itoa(min(n, 20)))
	}
	level := strings.ToLower(i.take("log_level"))
	i.set("log.level", map[string]string{"debug": "debug", "info": "info", "warning": "warn", "error": "error", "critical": "error"}[level])
	i.converters(existing)
	for _, name := range pyWATSWithoutEffect() {
		delete(i.members, name)
	}
	i.tellRest()
}

func (i *importer) proxy() {
	mode, host, port := strings.ToLower(i.take("proxy_mode")), i.take("proxy_host"), i.take("proxy_port")
	switch {
	case mode == "none":
		i.set("server.proxy", "none")
	case mode == "manual" && host != "":
		if port != "" && port != "0" {
			host += ":" + port
		}
		i.set("server.proxy", "http://"+host)
	}
	user := i.take("proxy_username")
	i.take("proxy_password")
	if i.take("proxy_auth") == "true" || user != "" {
		i.notef("the proxy wants a user name and a password, which is not supported: use a proxy that lets this machine pass")
	}
}

// pyWATSWithoutEffect are members that the Python client keeps and nothing of it reads, or that have no meaning here.
func pyWATSWithoutEffect() []string {
	return []string{
		"schema_version", "instance_id", "instance_name", "station_name_source", "include_station_in_reports", "auto_detect_location",
		"proxy", "sync_interval_seconds", "process_sync_enabled", "reports_folder", "offline_queue_enabled", "max_retry_attempts",
		"retry_interval_seconds", "enable_cache", "cache_ttl_seconds", "cache_max_size", "enable_metrics", "metrics_port", "converters_folder",
		"converters_enabled", "yield_monitor_enabled", "yield_threshold", "location_services_enabled", "software_auto_update", "api_host",
		"api_port", "api_base_path", "api_cors_enabled", "api_cors_origins", "api_auth_type", "api_rate_limit_enabled",
		"api_rate_limit_requests", "api_rate_limit_window", "show_software_tab", "show_sn_handler_tab", "show_converters_tab",
		"show_location_tab", "show_proxy_tab", "auto_connect", "was_connected", "service_auto_start", "log_file", "start_minimized",
		"minimize_to_tray", "station_description", "active_station_key", "multi_station_enabled", "username", "proxy_bypass",
		"sn_mode", "sn_prefix", "sn_start", "sn_padding", "sn_com_port", "sn_terminator", "sn_validate_format", "sn_pattern", "sn_check_duplicates",
	}
}

// tellRest notes the members that were not understood and say something.
func (i *importer) tellRest() {
	for _, name := range slices.Sorted(maps.Keys(i.members)) {
		switch value := string(i.members[name]); value {
		case "null", `""`, "false", "0", "[]", "{}":
		default:
			i.notef("%s has no counterpart and is left out", name)
		}
	}
}

func (i *importer) converters(existing int) {
	var list []map[string]json.RawMessage
	if raw, ok := i.members["converters"]; ok && json.Unmarshal(raw, &list) != nil {
		i.notef("converters is not a list and is left out")
	}
	delete(i.members, "converters")
	for _, members := range list {
		c := &importer{members: members}
		if c.converter("converters." + strconv.Itoa(existing) + ".") {
			existing++
		}
		i.Edits = append(i.Edits, c.Edits...)
		i.Notes = append(i.Notes, c.Notes...)
	}
}

// converter reads one converter of the Python client. It reports whether there is one to add.
func (i *importer) converter(at string) bool {
	name, module, kind := i.take("name"), i.take("module_path"), cmpOr(i.take("converter_type"), "file")
	if kind == "scheduled" {
		i.notef("converter %s: scheduled converters are programs here: make one with kind: schedule and a command", name)
		return false
	}
	i.set(at+"name", fileName(name))
	i.set(at+"kind", kind)
	i.set(at+"folder", i.take("watch_folder"))
	i.set(at+"done", i.take("done_folder"))
	i.set(at+"error", i.take("error_folder"))
	i.set(at+"patterns", strings.Join(patterns(i.list("file_patterns"), i.list("folder_patterns"), kind), ","))
	i.set(at+"after", action(i.take("post_action")))
	if n, err := strconv.Atoi(i.take("priority")); err == nil && n >= 1 && n <= 10 {
		i.set(at+"priority", strconv.Itoa(n))
	}
	if kind == string(FolderKind) {
		i.set(at+"marker", i.take("readiness_marker"))
		i.set(at+"min_files", i.take("min_file_count"))
	}
	if i.take("enabled") == "false" {
		i.set(at+"disabled", "true")
	}
	i.format(at, name, module)
	for _, other := range []string{"readiness_marker", "min_file_count", "pending_folder", "alarm_threshold", "reject_threshold", "max_retries", "retry_delay_seconds",
		"schedule_interval_seconds", "cron_expression", "run_on_startup", "archive_folder", "description", "author", "version"} {
		i.take(other)
	}
	if arguments, ok := i.members["arguments"]; ok && string(arguments) != "{}" && string(arguments) != "null" {
		i.notef("converter %s: its arguments are left out; formats take what they need from the file", name)
	}
	delete(i.members, "arguments")
	i.tellRest()
	return true
}

// list returns a member that is a list of texts.
func (i *importer) list(name string) (texts []string) {
	raw, ok := i.members[name]
	delete(i.members, name)
	if ok && json.Unmarshal(raw, &texts) != nil {
		i.notef("%s is not a list of texts and is left out", name)
	}
	return texts
}

// patterns returns those of files or folders, without those that mean all.
func patterns(files, folders []string, kind string) (all []string) {
	if kind == string(FolderKind) {
		files = folders
	}
	for _, p := range files {
		if p == "*" || p == "*.*" {
			return nil
		}
		all = append(all, p)
	}
	return all
}

// action returns what becomes of a source that is done, "" for what no client has.
func action(word string) string {
	switch strings.ToLower(word) {
	case "move":
		return string(MoveAction)
	case "delete":
		return string(DeleteAction)
	case "archive", "zip":
		return string(ZipAction)
	case "keep":
		return string(KeepAction)
	}
	return ""
}

// format chooses the format by the name of the class or module that read it.
func (i *Import) format(at, converter, class string) {
	lower := strings.ToLower(class)
	for _, known := range []struct{ part, format string }{
		{"wsjf", "wsjf"}, {"wats_standard_json", "wsjf"}, {"wstf", "wstf"}, {"wats_standard_text", "wstf"}, {"wsxf", "wsxf"}, {"wats_standard_xml", "wsxf"},
		{"wrml", "wsxf"}, {"atml", "atml"}, {"tsimporter", "teststand-xml"}, {"teststand", "teststand-xml"},
	} {
		if strings.Contains(lower, known.part) {
			i.set(at+"format", known.format)
			return
		}
	}
	i.notef("converter %s: %s has no counterpart; its files are read if they are in a format that gowats knows (gowats convert --list)", converter, class)
}

// fileName replaces what the name of a converter cannot hold.
func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, text)
}

func cmpOr(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// xmlConverter is an element of converters.xml. Two documents of its maker differ in the namespace, so names match without it, and in where the folder stands.
type xmlConverter struct {
	Name   string `xml:"name,attr"`
	Class  string `xml:"class,attr"`
	Source struct {
		Path       string         `xml:"Path,attr"`
		Parameters []xmlParameter `xml:"Parameter"`
	} `xml:"Source"`
	Destination []xmlParameter `xml:"Destination>Parameter"`
	Own         []xmlParameter `xml:"Converter>Parameter"`
}

type xmlParameter struct {
	Name string `xml:"name,attr"`
	Text string `xml:",chardata"`
}

// importConverters reads converters.xml of the client for Windows.
func importConverters(text []byte, existing int) (*Import, error) {
	var doc struct {
		XMLName    xml.Name
		Converters []xmlConverter `xml:"converter"`
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("the file is not XML that can be read: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file goes on behind its root")
	}
	if !strings.EqualFold(doc.XMLName.Local, "converters") {
		return nil, fmt.Errorf("the root of the file is %s, not converters", doc.XMLName.Local)
	}
	i := &Import{}
	for n, c := range doc.Converters {
		i.xmlConverter("converters."+strconv.Itoa(existing+n)+".", c)
	}
	return i, nil
}

func (i *Import) xmlConverter(at string, c xmlConverter) {
	i.set(at+"name", fileName(c.Name))
	folder := c.Source.Path
	for _, p := range c.Source.Parameters {
		value := strings.TrimSpace(p.Text)
		switch strings.ToLower(p.Name) {
		case "path":
			folder = value
		case "filter":
			i.set(at+"patterns", strings.Join(patterns(strings.FieldsFunc(value, func(r rune) bool { return r == ';' || r == ',' }), nil, "file"), ","))
		case "postprocessaction":
			i.set(at+"after", action(value))
		case "enableconversionlog":
		default:
			i.notef("converter %s: source parameter %s has no counterpart and is left out", c.Name, p.Name)
		}
	}
	i.set(at+"folder", strings.TrimSpace(folder))
	i.format(at, c.Name, c.Name+" "+c.Class)
	for _, p := range slices.Concat(c.Destination, c.Own) {
		if !strings.EqualFold(p.Name, "online") && !strings.EqualFold(p.Name, "targetEndpoint") {
			i.notef("converter %s: parameter %s is left out; formats take what they need from the file", c.Name, p.Name)
		}
	}
}

// Apply returns the text of a file with the imported settings. They are made one by one but checked together, since some need others.
func (i *Import) Apply(text []byte) ([]byte, error) {
	doc, err := document(text)
	if err != nil {
		return nil, err
	}
	for _, e := range i.Edits {
		if err := editAt(doc, e.Path, e.Value); err != nil {
			return nil, err
		}
	}
	return finish(doc)
}
