package service

import (
	"encoding/xml"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Unit returns the unit file of systemd. The service may write to its data and the folders it watches, and to nothing else.
func (s Spec) Unit() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("[Unit]")
	line("Description=%s", s.title())
	line("Documentation=https://github.com/gowats/gowats")
	line("After=network-online.target")
	line("Wants=network-online.target")
	line("StartLimitIntervalSec=0")
	line("")
	line("[Service]")
	line("Type=notify")
	line("ExecStart=%s", commandLine(s.Executable, s.Arguments))
	line("ExecReload=/bin/kill -HUP $MAINPID")
	line("Restart=on-failure")
	line("RestartSec=5")
	line("WatchdogSec=60")
	line("TimeoutStopSec=30")
	if s.User != "" {
		line("User=%s", unitText(s.User))
	}
	for _, dir := range []string{"StateDirectory", "LogsDirectory", "ConfigurationDirectory"} {
		line("%s=gowats", dir)
	}
	for _, path := range s.writable() {
		line("ReadWritePaths=-%s", quoteUnit(path))
	}
	line("")
	line("NoNewPrivileges=yes")
	line("ProtectSystem=strict")
	line("ProtectHome=%s", s.home())
	line("PrivateTmp=yes")
	line("PrivateDevices=yes")
	for _, what := range []string{"Clock", "Hostname", "KernelLogs", "KernelModules", "KernelTunables", "ControlGroups"} {
		line("Protect%s=yes", what)
	}
	line("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK")
	line("RestrictNamespaces=yes")
	line("RestrictRealtime=yes")
	line("RestrictSUIDSGID=yes")
	line("LockPersonality=yes")
	line("SystemCallArchitectures=native")
	line("SystemCallFilter=@system-service")
	line("CapabilityBoundingSet=%s", s.capabilities())
	line("UMask=0027")
	line("")
	line("[Install]")
	line("WantedBy=multi-user.target")
	return b.String()
}

// capabilities returns what the service may do beyond its user. Without a user of its own it runs as root, of which only the right to
// files of others is left: testers write under accounts of their own.
func (s Spec) capabilities() string {
	if s.User != "" {
		return ""
	}
	return "CAP_DAC_OVERRIDE CAP_FOWNER CAP_CHOWN"
}

// writable returns the folders that the service writes to beside the ones that systemd makes for it, each once, sorted.
func (s Spec) writable() []string {
	const state = "/var/lib/gowats"
	var paths []string
	for _, path := range append([]string{s.Data}, s.Writable...) {
		path = filepath.Clean(path)
		if path != "." && path != state && !strings.HasPrefix(path, state+"/") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// home says what of home folders the service sees: nothing, unless a folder it works on is there.
func (s Spec) home() string {
	for _, path := range slices.Concat([]string{s.Executable, s.Data}, s.Writable, s.Readable) {
		for _, home := range []string{"/home/", "/root/", "/run/user/"} {
			if strings.HasPrefix(filepath.ToSlash(path)+"/", home) {
				return "read-only"
			}
		}
	}
	return "yes"
}

// commandLine quotes a program and its arguments for ExecStart (systemd.service(5)).
func commandLine(program string, args []string) string {
	parts := []string{quoteUnit(program)}
	for _, arg := range args {
		parts = append(parts, quoteUnit(arg))
	}
	return strings.Join(parts, " ")
}

// quoteUnit quotes one word, and takes from % and $ what they mean.
func quoteUnit(text string) string {
	text = strings.NewReplacer("%", "%%", "$", "$$").Replace(text)
	if text != "" && !strings.ContainsAny(text, " \t\"'\\;") {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func unitText(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// Plist returns the property list of launchd.
func (s Spec) Plist() string {
	var b strings.Builder
	text := func(value string) string {
		var escaped strings.Builder
		_ = xml.EscapeText(&escaped, []byte(value)) // a strings.Builder never fails
		return "<string>" + escaped.String() + "</string>"
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	` + text(s.Name()) + `
	<key>ProgramArguments</key>
	<array>
`)
	for _, arg := range append([]string{s.Executable}, s.Arguments...) {
		b.WriteString("\t\t" + text(arg) + "\n")
	}
	b.WriteString("\t</array>\n")
	if s.User != "" {
		b.WriteString("\t<key>UserName</key>\n\t" + text(s.User) + "\n")
	}
	b.WriteString(`	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>5</integer>
	<key>ExitTimeOut</key>
	<integer>30</integer>
	<key>Umask</key>
	<integer>23</integer>
	<key>StandardErrorPath</key>
	` + text("/Library/Logs/"+s.Name()+".log") + `
</dict>
</plist>
`)
	return b.String()
}
