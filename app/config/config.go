// Package config is the one configuration of agent and server: a YAML file, with the environment over it.
//
// Every setting is listed by [Settings], has an environment form and a consumer. A key that is none is refused with the nearest name and
// its line. Secrets stand in the file by reference only: see [Reference].
package config

import (
	"time"
)

// Version of the schema that this program writes. An older file is brought up to date in memory; a newer one is refused.
const Version = 1

// Config holds every setting. Its zero value is not valid: use [Default].
type Config struct {
	Version    int         `yaml:"version" help:"version of this file's layout"`
	Data       string      `yaml:"data" help:"folder of spool, ledger and caches; empty: the usual one of the system"`
	Server     Server      `yaml:"server"`
	Station    Station     `yaml:"station"`
	Stations   []Rule      `yaml:"stations" help:"stations by the path of a file, first match wins; for a machine that serves several"`
	Converters []Converter `yaml:"converters" help:"watched folders and schedules"`
	Spool      Spool       `yaml:"spool"`
	Upload     Upload      `yaml:"upload"`
	Gateway    Gateway     `yaml:"gateway"`
	Log        Log         `yaml:"log"`
}

// Server says where reports go, and how.
type Server struct {
	URL         string        `yaml:"url" help:"address of the server, such as https://plant.example"`
	Token       Reference     `yaml:"token" help:"its token by reference: file:PATH, env:NAME or secret:NAME"`
	CA          string        `yaml:"ca" help:"file of certificate authorities to trust beside those of the system"`
	Certificate string        `yaml:"certificate" help:"file of the client certificate, PEM"`
	Key         string        `yaml:"key" help:"file of its private key, PEM"`
	SignAs      string        `yaml:"sign_as" help:"name by which the server knows the key that requests are signed by"`
	SignKey     Reference     `yaml:"sign_key" help:"that key by reference: file:PATH, env:NAME or secret:NAME"`
	Pins        []string      `yaml:"pins" help:"SHA-256 of the server's public keys, base64; one and a spare"`
	Proxy       string        `yaml:"proxy" help:"system, none, or the address of a proxy"`
	Timeout     time.Duration `yaml:"timeout" help:"for one attempt"`
}

// Station says who tests. An empty name means the name of the machine.
type Station struct {
	Name     string `yaml:"name" help:"of the station; empty: the name of the machine"`
	Location string `yaml:"location" help:"where it stands"`
	Purpose  string `yaml:"purpose" help:"what it is for, such as Production"`
}

// Rule gives the files whose path matches a station of their own.
type Rule struct {
	Match    string `yaml:"match" help:"regular expression on the path, with / between folders"`
	Station  `yaml:",inline"`
	compiled matcher
}

// Kind is a kind of converter.
type Kind string

// The kinds of converters.
const (
	FileKind     Kind = "file"     // each file of a folder
	FolderKind   Kind = "folder"   // each folder in a folder, once it is complete
	ScheduleKind Kind = "schedule" // what a program writes when it is called by the clock
)

// Action is what becomes of a source whose reports are safe.
type Action string

// The actions.
const (
	MoveAction   Action = "move"   // into the folder Done
	ZipAction    Action = "zip"    // packed into the folder Done
	DeleteAction Action = "delete" // removed
	KeepAction   Action = "keep"   // left where it is; the ledger remembers it
)

// Converter is one source of reports.
type Converter struct {
	Name     string        `yaml:"name" help:"unique; shown everywhere"`
	Disabled bool          `yaml:"disabled" help:"keep it, but do not run it"`
	Kind     Kind          `yaml:"kind" help:"file, folder or schedule"`
	Folder   string        `yaml:"folder" help:"the folder to watch; relative to data"`
	Patterns []string      `yaml:"patterns" help:"names of files or folders, any letter case; empty: all"`
	Nested   bool          `yaml:"nested" help:"look into folders of the folder, too"`
	Format   string        `yaml:"format" help:"format to read, as gowats convert --list names it; auto: by content"`
	After    Action        `yaml:"after" help:"move, zip, delete or keep a source whose reports are safe"`
	Done     string        `yaml:"done" help:"folder for done sources, relative to folder"`
	Error    string        `yaml:"error" help:"folder for refused sources, relative to folder"`
	Retain   time.Duration `yaml:"retain" help:"how long done sources stay; 0: for ever"`
	Priority int           `yaml:"priority" help:"1 first to 10 last, for converting and sending"`
	Parallel int           `yaml:"parallel" help:"conversions at one time; 1 keeps the order of arrival"`
	Timeout  time.Duration `yaml:"timeout" help:"for one conversion"`
	Settle   time.Duration `yaml:"settle" help:"a source that has not changed for so long is complete"`
	Rescan   time.Duration `yaml:"rescan" help:"between two looks at the whole folder"`
	Mode     string        `yaml:"mode" help:"import keeps the tester's status, active judges by limits"`
	Repair   bool          `yaml:"repair" help:"mend what can be mended instead of refusing it"`
	Station  Station       `yaml:"station" help:"of this converter"`

	Marker   string        `yaml:"marker" help:"folder: the file that says that it is complete; empty: quiet decides"`
	Quiet    time.Duration `yaml:"quiet" help:"folder: complete when nothing changed for so long; with a marker: not used"`
	MinFiles int           `yaml:"min_files" help:"folder: fewer files than this are not complete"`

	Suspend Suspend `yaml:"suspend"`

	Every   time.Duration `yaml:"every" help:"schedule: between two runs"`
	Cron    string        `yaml:"cron" help:"schedule: minute hour day month weekday"`
	AtStart bool          `yaml:"at_start" help:"schedule: run once at the start, too"`
	Command []string      `yaml:"command" help:"schedule: program and arguments; it writes files into the folder"`
}

// Suspend says how long a file waits for its companion.
type Suspend struct {
	Companion string        `yaml:"companion" help:"name that must be there before a file is read; {stem} and {name} stand for the file's"`
	Every     time.Duration `yaml:"every" help:"between two looks"`
	Tries     int           `yaml:"tries" help:"looks before the file is refused"`
}

// Spool bounds the reports that wait.
type Spool struct {
	MaxReports int           `yaml:"max_reports" help:"waiting reports; more are refused, never dropped"`
	MaxBytes   Size          `yaml:"max_bytes" help:"their size"`
	MinFree    Size          `yaml:"min_free" help:"free space of the disk below which none is taken"`
	KeepSent   time.Duration `yaml:"keep_sent" help:"how long sent reports stay"`
}

// Upload says how reports are sent.
type Upload struct {
	Workers int `yaml:"workers" help:"reports sent at one time"`
	Rate    int `yaml:"rate" help:"requests a minute; 0: 500 to a WATS server, none to gowats"`
}

// Gateway is the agent's own address for clients, health and metrics.
type Gateway struct {
	Listen string `yaml:"listen" help:"loopback address; empty: none"`
}

// Log says what is logged, and where.
type Log struct {
	Level    string `yaml:"level" help:"debug, info, warn or error"`
	File     string `yaml:"file" help:"JSON log; empty: standard error"`
	MaxSize  Size   `yaml:"max_size" help:"of the file before it is rotated"`
	MaxFiles int    `yaml:"max_files" help:"rotated files kept"`
}

// Default returns the settings of an empty file.
func Default() Config {
	return Config{
		Version: Version,
		Server:  Server{Proxy: "system", Timeout: 30 * time.Second},
		Spool:   Spool{MaxReports: 100_000, MaxBytes: 10 << 30, MinFree: 1 << 30, KeepSent: 7 * 24 * time.Hour},
		Upload:  Upload{Workers: 4},
		Gateway: Gateway{Listen: "127.0.0.1:8090"},
		Log:     Log{Level: "info", MaxSize: 10 << 20, MaxFiles: 5},
	}
}

// DefaultConverter returns what a converter has that says nothing of it.
func DefaultConverter() Converter {
	return Converter{
		Kind: FileKind, Format: "auto", After: MoveAction, Done: "Done", Error: "Error", Priority: 5, Parallel: 2,
		Timeout: 5 * time.Minute, Settle: 2 * time.Second, Rescan: 30 * time.Second, Mode: "import", Marker: "COMPLETE.marker",
		Quiet: 10 * time.Second, Suspend: Suspend{Every: time.Minute, Tries: 3},
	}
}
