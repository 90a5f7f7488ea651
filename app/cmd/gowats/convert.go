package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/report"
)

func newConvert() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "convert FILE... | -",
		Short: "Turn files of testers into another format",
		Long: `Read files of testers and write their reports in another format. The format of each file is found out; - is standard input.

Without --out the result goes to standard output: as WSJF one report per line, of any number of files; in the other formats one document
of one file. With --out each input makes files of its own name in that folder, and a line for each says its path: in WSJF one file per report
(run.json, or run-1.json, run-2.json, … when there are several), in the other formats one file. A file that is there already is left alone,
and is an error, unless --force is given.

A report without an ID gets the one that gowats submit would give it. What a file or a format has no room for is told on standard error.
Of a file that is damaged, the reports before the damage are written, and it counts as failed. Exit codes: 1 when no file could be converted,
50 when some could.`,
		Example: `  gowats convert run.atml.xml
  gowats convert logs/*.txt --to wsxf --out converted
  gowats convert --detect *
  gowats convert --list`,
		RunE: convertFiles,
	}
	flags := cmd.Flags()
	flags.String("to", "wsjf", "format of the result: wsjf, wsxf, wstf or atml")
	flags.String("out", "", "folder for the results (made when it is not there)")
	flags.Bool("force", false, "overwrite files")
	flags.Bool("detect", false, "only say which format the files are in")
	flags.Bool("list", false, "list the formats")
	flags.String("station", "", "station of reports whose file names none")
	flags.Bool("json", false, "print one JSON object per file (with --out or --detect) or format (with --list)")
	return cmd
}

// conversion is one run of the command.
type conversion struct {
	to      convert.Format
	folder  string // "" is standard output
	force   bool
	asJSON  bool
	station string

	stdin       io.Reader
	out, errOut io.Writer
}

func convertFiles(cmd *cobra.Command, files []string) error {
	c := conversion{
		folder: flagText(cmd, "out"), station: flagText(cmd, "station"), force: flagSet(cmd, "force"), asJSON: flagSet(cmd, "json"),
		stdin: cmd.InOrStdin(), out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr(),
	}
	detect := flagSet(cmd, "detect")
	switch list := flagSet(cmd, "list"); {
	case list && (detect || len(files) > 0), detect && c.folder != "":
		return withCode(exitUsage, errors.New("--list, --detect and converting to --out are one at a time; --list takes no file"))
	case list:
		return c.list()
	}
	var known bool
	c.to, known = convert.ByName(strings.ToLower(flagText(cmd, "to")))
	switch {
	case !known || !c.to.CanWrite():
		return withCode(exitUsage, fmt.Errorf("--to %q is none of wsjf, wsxf, wstf and atml", flagText(cmd, "to")))
	case len(files) == 0:
		return withCode(exitUsage, errors.New("no file is given"))
	case detect:
		return c.each(files, c.detect)
	case c.folder == "" && c.asJSON:
		return withCode(exitUsage, errors.New("--json needs --out, --detect or --list: standard output holds the result"))
	case c.folder == "" && len(files) > 1 && c.to.ManyUnits:
		return withCode(exitUsage, fmt.Errorf("%d files make %d documents: give --out FOLDER", len(files), len(files)))
	case c.folder != "":
		if err := os.MkdirAll(c.folder, 0o777); err != nil {
			return err
		}
	}
	return c.each(files, c.convert)
}

func flagSet(cmd *cobra.Command, name string) bool {
	set, err := cmd.Flags().GetBool(name)
	if err != nil {
		panic(err) // no such flag: a mistake in this program
	}
	return set
}

// each calls do for every file and turns its failures into one error. Do reports whether anything came of the file.
func (c *conversion) each(files []string, do func(file string) (bool, error)) error {
	failed, some := 0, false
	for _, file := range files {
		done, err := do(file)
		some = some || done
		if err != nil {
			failed++
			fmt.Fprintf(c.errOut, "%s: %v\n", file, err)
		}
	}
	switch {
	case failed == 0:
		return nil
	case some:
		return withCode(exitSomeFailed, fmt.Errorf("%d of %d files failed", failed, len(files)))
	}
	return fmt.Errorf("none of %d files could be read and written", len(files))
}

func (c *conversion) list() error {
	if !c.asJSON {
		fmt.Fprintf(c.out, "%-14s %-6s %-6s %s\n", "FORMAT", "FILES", "WRITE", "NAME")
	}
	for _, f := range convert.Formats() {
		if c.asJSON {
			line := struct {
				Name       string   `json:"name"`
				Title      string   `json:"title"`
				Extensions []string `json:"extensions"`
				Writable   bool     `json:"writable"`
				ManyUnits  bool     `json:"manyUnits"`
			}{f.Name, f.Title, f.Extensions, f.CanWrite(), f.ManyUnits}
			if err := json.NewEncoder(c.out).Encode(line); err != nil {
				return err
			}
			continue
		}
		writes := "no"
		if f.CanWrite() {
			writes = "yes"
		}
		if _, err := fmt.Fprintf(c.out, "%-14s %-6s %-6s %s\n", f.Name, strings.Join(f.Extensions, " "), writes, f.Title); err != nil {
			return err
		}
	}
	return nil
}

// open opens a file, or standard input, which is read whole, for the name -.
func (c *conversion) open(file string) (io.ReadSeekCloser, error) {
	if file != "-" {
		return os.Open(file)
	}
	data, err := io.ReadAll(io.LimitReader(c.stdin, maxStandardInput+1))
	if err == nil && len(data) > maxStandardInput {
		err = fmt.Errorf("more than %d MiB on standard input; give the name of a file", maxStandardInput>>20)
	}
	return readSeekNopCloser{bytes.NewReader(data)}, err
}

const maxStandardInput = 256 << 20

type readSeekNopCloser struct{ io.ReadSeeker }

func (readSeekNopCloser) Close() error { return nil }

var errNoFormat = errors.New("the file is not in a known format; gowats convert --list shows which there are")

// formatOfFile returns the format of a file, and how sure that is, and leaves it at its beginning.
func formatOfFile(src io.ReadSeeker) (convert.Format, float64, error) {
	head := make([]byte, convert.ProbeSize)
	n, err := io.ReadFull(src, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return convert.Format{}, 0, err
	}
	f, sure, ok := convert.Detect(head[:n])
	if !ok {
		return f, 0, errNoFormat
	}
	_, err = src.Seek(0, io.SeekStart)
	return f, sure, err
}

func (c *conversion) detect(file string) (bool, error) {
	src, err := c.open(file)
	if err != nil {
		return false, err
	}
	defer src.Close() // only read: there is nothing to lose
	f, sure, err := formatOfFile(src)
	if err != nil {
		return false, err
	}
	if c.asJSON {
		line := struct {
			File   string  `json:"file"`
			Format string  `json:"format"`
			Sure   float64 `json:"sure"`
		}{file, f.Name, sure}
		return true, json.NewEncoder(c.out).Encode(line)
	}
	_, err = fmt.Fprintf(c.out, "%-14s %3.0f %%  %s\n", f.Name, 100*sure, file)
	return true, err
}

// converted is what became of one file.
type converted struct {
	File    string   `json:"file"`
	Format  string   `json:"format,omitempty"`
	Reports int      `json:"reports"`
	Written []string `json:"written"`
	Losses  []string `json:"losses,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// convert reads one file and writes its reports. It reports whether something was written.
func (c *conversion) convert(file string) (bool, error) {
	outcome := converted{File: file, Written: []string{}}
	err := c.convertTo(&outcome)
	for _, loss := range outcome.Losses {
		fmt.Fprintf(c.errOut, "%s: %s\n", file, loss)
	}
	switch {
	case c.asJSON:
		if err != nil {
			outcome.Error = err.Error()
		}
		err = errors.Join(err, json.NewEncoder(c.out).Encode(outcome))
	default:
		for _, path := range outcome.Written {
			if c.folder != "" {
				fmt.Fprintln(c.out, path)
			}
		}
	}
	return len(outcome.Written) > 0, err
}

func (c *conversion) convertTo(outcome *converted) error {
	src, err := c.open(outcome.File)
	if err != nil {
		return err
	}
	defer src.Close() // only read: there is nothing to lose
	format, _, err := formatOfFile(src)
	if err != nil {
		return err
	}
	outcome.Format = format.Name
	hash := sha256.New()
	if _, err := io.Copy(hash, src); err != nil {
		return err
	}
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return err
	}
	reading := format.Read(src, convert.ReadOptions{FileName: filepath.Base(outcome.File), Station: c.station})
	defer func() { outcome.lose(reading.Losses()) }()
	digest := [sha256.Size]byte(hash.Sum(nil))
	var held []*report.Report // not written yet: all of the file, or the last one where each has a file of its own
	for r, err := range reading.Reports() {
		if err != nil {
			return errors.Join(c.write(outcome, held, c.to.ManyUnits || outcome.Reports == 1), err)
		}
		if r.ID.IsZero() {
			r.ID = format.UnitID(digest, outcome.Reports)
		}
		if len(held) > 0 && !c.to.ManyUnits {
			if err := c.write(outcome, held, false); err != nil {
				return err
			}
			held = nil
		}
		held = append(held, r)
		outcome.Reports++
	}
	return c.write(outcome, held, c.to.ManyUnits || outcome.Reports == 1)
}

// lose notes losses.
func (o *converted) lose(losses []convert.Loss) {
	for _, loss := range losses {
		o.Losses = append(o.Losses, loss.String())
	}
}

// write writes reports as one document. Only is false when there are others of the same file.
func (c *conversion) write(outcome *converted, reports []*report.Report, only bool) error {
	if len(reports) == 0 {
		return nil
	}
	var doc bytes.Buffer
	losses, err := c.to.Write(&doc, reports, convert.WriteOptions{})
	outcome.lose(losses)
	if err != nil {
		return err
	}
	if c.folder == "" {
		_, err := c.out.Write(doc.Bytes())
		outcome.Written = append(outcome.Written, "-")
		return err
	}
	name := filepath.Base(outcome.File)
	if name = strings.TrimSuffix(name, filepath.Ext(name)); outcome.File == "-" {
		name = "stdin"
	}
	if !only {
		name += fmt.Sprintf("-%d", 1+len(outcome.Written))
	}
	path := filepath.Join(c.folder, name+c.to.Extensions[0])
	if err := c.writeFile(path, doc.Bytes()); err != nil {
		return err
	}
	outcome.Written = append(outcome.Written, path)
	return nil
}

// writeFile writes a file, over another one only with --force.
func (c *conversion) writeFile(path string, data []byte) error {
	if c.force {
		return fsx.WriteFileAtomic(path, data, 0o666)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; --force overwrites it", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, os.Remove(path)) // half a report is none
	}
	return err
}
