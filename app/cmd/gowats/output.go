package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func writeJSON(w io.Writer, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

// A column is one column of a listing.
type column[T any] struct {
	title string
	text  func(T) string
}

// The formats of a listing.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatLines = "jsonl"
	formatCSV   = "csv"
)

// addFormatFlags gives cmd the flags --format and --json.
func addFormatFlags(cmd *cobra.Command) {
	cmd.Flags().String("format", formatTable, "table, json, jsonl (one object a line) or csv")
	cmd.Flags().Bool("json", false, "the same as --format json")
}

// formatOf returns the format that the flags ask for.
func formatOf(cmd *cobra.Command) (string, error) {
	format := flagText(cmd, "format")
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return "", err
	}
	if asJSON {
		format = formatJSON
	}
	if !slices.Contains([]string{formatTable, formatJSON, formatLines, formatCSV}, format) {
		return "", withCode(exitUsage, fmt.Errorf("--format %q is none of table, json, jsonl and csv", format))
	}
	return format, nil
}

// writeList writes rows as they come, in flat memory. The columns are those of table and csv; JSON has the whole rows.
// When rows ends with an error, what came before it has been written.
func writeList[T any](w io.Writer, format string, columns []column[T], rows iter.Seq2[T, error]) error {
	out := bufio.NewWriter(w)
	var err error
	switch format {
	case formatJSON:
		err = writeArray(out, rows)
	case formatLines:
		err = writeLines(out, rows)
	case formatCSV:
		err = writeCSV(out, columns, rows)
	default:
		err = writeTable(out, columns, rows)
	}
	return errors.Join(err, out.Flush())
}

func writeArray[T any](w *bufio.Writer, rows iter.Seq2[T, error]) error {
	separator := "["
	for row, err := range rows {
		if err != nil {
			return err
		}
		data, err := json.Marshal(row)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n  %s", separator, data); err != nil {
			return err
		}
		separator = ","
	}
	end := "\n]\n"
	if separator == "[" {
		end = "[]\n"
	}
	_, err := w.WriteString(end)
	return err
}

func writeLines[T any](w *bufio.Writer, rows iter.Seq2[T, error]) error {
	lines := json.NewEncoder(w)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := lines.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

func writeCSV[T any](w *bufio.Writer, columns []column[T], rows iter.Seq2[T, error]) error {
	table := csv.NewWriter(w)
	if err := table.Write(titles(columns)); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			table.Flush()
			return err
		}
		if err := table.Write(texts(columns, row)); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

// writeTable lines up the columns by the widest text of the first rows, and keeps to that.
func writeTable[T any](w *bufio.Writer, columns []column[T], rows iter.Seq2[T, error]) error {
	const measured = 200
	head := [][]string{upper(titles(columns))}
	var widths []int // nil until the first rows are out
	for row, err := range rows {
		if err != nil {
			return errors.Join(writeRows(w, head, widthsOf(head)), err)
		}
		if widths != nil {
			if err := writeRows(w, [][]string{texts(columns, row)}, widths); err != nil {
				return err
			}
			continue
		}
		if head = append(head, texts(columns, row)); len(head) > measured {
			widths = widthsOf(head)
			if err := writeRows(w, head, widths); err != nil {
				return err
			}
			head = nil
		}
	}
	return writeRows(w, head, widthsOf(head))
}

func writeRows(w *bufio.Writer, rows [][]string, widths []int) error {
	for _, row := range rows {
		var line strings.Builder
		for i, text := range row {
			line.WriteString(text)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text))+2))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

func widthsOf(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		widths = append(widths, make([]int, len(row)-len(widths))...)
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	return widths
}

func titles[T any](columns []column[T]) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.title)
	}
	return out
}

func upper(texts []string) []string {
	for i := range texts {
		texts[i] = strings.ToUpper(texts[i])
	}
	return texts
}

// texts returns the cells of a row, control characters shown as blanks.
func texts[T any](columns []column[T], row T) []string {
	var out []string
	for _, c := range columns {
		out = append(out, strings.Map(printable, c.text(row)))
	}
	return out
}

func printable(r rune) rune {
	if r < ' ' || r == '\x7f' {
		return ' '
	}
	return r
}
