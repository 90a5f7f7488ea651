package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"time"
)

// Problem is something in a spool that is not as it should be.
type Problem struct {
	Path string
	Text string // what is wrong
	Fix  string // what becomes of it, or what a person can do
}

const (
	fixAside  = "it is set aside when the reports are sent next"
	fixSweep  = "it is removed when the reports are sent next"
	fixDelete = "delete it"
	fixKeep   = "restore the report from its source and submit it again, then drop this one"
)

// Verify looks at every file of the spool, reads every document whole, and yields what is not as it should be. It changes nothing. An error, such as that of ctx, is given
// once, as the last. While reports are put and sent, one that moves is left out.
func (q *Queue) Verify(ctx context.Context) iter.Seq2[Problem, error] {
	return func(yield func(Problem, error) bool) {
		for _, state := range [...]State{Ready, Dead, Sent} {
			for i := range q.shards {
				problems, err := q.verifyShard(ctx, state, byte(i))
				if err != nil {
					yield(Problem{}, fmt.Errorf("verify the spool: %w", err))
					return
				}
				for _, p := range problems {
					if !yield(p, nil) {
						return
					}
				}
			}
		}
		for _, p := range q.leftovers() {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// verifyShard returns the problems in one folder.
func (q *Queue) verifyShard(ctx context.Context, state State, first byte) ([]Problem, error) {
	entries, err := q.readShard(ctx, state, first)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name()] = true
	}
	var problems []Problem
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		text := e.Name()
		path := filepath.Join(q.shardPath(state, first), text)
		wrong, fix := "", ""
		switch item, isNote := strings.CutSuffix(text, stateEnding); {
		case e.IsDir(), strings.HasPrefix(text, "."):
		case isNote && !there[item]:
			wrong, fix = "the state of a report that is not there", fixSweep
			if state == Sent {
				fix = fixDelete
			}
		case isNote:
			if _, err := q.readNote(strings.TrimSuffix(path, stateEnding)); err != nil {
				wrong, fix = err.Error(), fixDelete
			}
		default:
			wrong, fix = q.verifyItem(state, first, path, there[text+stateEnding])
		}
		if wrong != "" && q.isThere(path) {
			problems = append(problems, Problem{path, wrong, fix})
		}
	}
	return problems, nil
}

func (q *Queue) isThere(path string) bool {
	_, err := q.fs.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// verifyItem says what is wrong with an item, and what to do.
func (q *Queue) verifyItem(state State, first byte, path string, hasNote bool) (wrong, fix string) {
	n, err := parseName(filepath.Base(path))
	switch {
	case state == Dead && !hasNote:
		return "it was set aside without a reason", "retry it, or drop it"
	case state == Dead:
		return "", "" // why it is there is known
	case err != nil:
		return err.Error(), fixAside
	case n.id[0] != first:
		return "it is in the folder of other IDs", fixAside
	}
	document, err := q.fs.ReadFile(path, MaxDocument)
	if err != nil {
		return "cannot be read: " + err.Error(), fixKeep
	}
	if reason := check(n, document); reason != "" {
		return reason, fixKeep
	}
	return "", ""
}

// check says what is wrong with a document, read whole.
func check(n name, document []byte) string {
	if reason := damage(n.kind, document); reason != "" {
		return reason
	}
	if n.kind == WSXF {
		return checkXML(document)
	}
	var head struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(document, []byte("\xef\xbb\xbf")), &head); err != nil {
		return "the document is no JSON: " + err.Error()
	}
	if id, err := ParseID(strings.Trim(head.ID, "{}")); err == nil && id != n.id {
		return "the document is that of report " + id.String()
	}
	return ""
}

func checkXML(document []byte) string {
	dec := xml.NewDecoder(bytes.NewReader(document))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // the characters are not what is looked at
	for {
		_, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return ""
		case err != nil:
			return "the document is no XML: " + err.Error()
		}
	}
}

// leftovers returns what was left half written.
func (q *Queue) leftovers() []Problem {
	dir := filepath.Join(q.dir, tmpDir)
	entries, err := q.fs.ReadDir(dir)
	if err != nil {
		return nil // Open makes it
	}
	var problems []Problem
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		if age := q.now().Sub(info.ModTime()); age > staleAfter {
			text := fmt.Sprintf("left half written %v ago", age.Round(time.Minute))
			problems = append(problems, Problem{filepath.Join(dir, e.Name()), text, fixSweep})
		}
	}
	return problems
}
