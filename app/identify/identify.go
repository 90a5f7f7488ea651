// Package identify provides the dialogs by which an operator names a unit or a product.
//
// They run on a terminal or on anything else that gives lines: questions go to one side, and each answer is a line from the other. Lists are numbered;
// an empty answer takes what stands in brackets.
package identify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
)

// ErrNoAnswer is returned when the answers have ended before the last question.
var ErrNoAnswer = errors.New("no answer was given")

// most is how many rows a list has: an operator who needs more has to say more.
const most = 20

// Dialog asks an operator. It is not safe for concurrent use.
type Dialog struct {
	client  *wats.Client
	answers *bufio.Reader
	out     io.Writer
}

// New returns a dialog that looks things up by a client, reads answers from in and writes questions to out. When the context of a dialog
// ends before an answer has come, the read that waits for it goes on until in has one.
func New(c *wats.Client, in io.Reader, out io.Writer) *Dialog {
	return &Dialog{client: c, answers: bufio.NewReader(in), out: out}
}

// ask puts a question and returns the answer without white space around it, or what is given for an empty one.
func (d *Dialog) ask(ctx context.Context, question, otherwise string) (string, error) {
	if otherwise != "" {
		question += " [" + otherwise + "]"
	}
	if _, err := io.WriteString(d.out, question+": "); err != nil {
		return "", err
	}
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := d.answers.ReadString('\n')
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		answer := strings.TrimSpace(l.text)
		switch {
		case l.err != nil && !errors.Is(l.err, io.EOF):
			return "", fmt.Errorf("read the answer to %q: %w", question, l.err)
		case l.err != nil && answer == "":
			return "", fmt.Errorf("%w to %q", ErrNoAnswer, question)
		case answer == "":
			return otherwise, nil
		}
		return answer, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// need asks until there is an answer.
func (d *Dialog) need(ctx context.Context, question string) (string, error) {
	for {
		answer, err := d.ask(ctx, question, "")
		if err != nil || answer != "" {
			return answer, err
		}
	}
}

// choose lets the operator pick one of several options by its number, or by its text, which ends at two blanks. Of a single one nothing is asked. The one at
// otherwise is what an empty answer means; -1: none.
func (d *Dialog) choose(ctx context.Context, what string, options []string, otherwise int) (int, error) {
	if len(options) == 1 {
		return 0, nil
	}
	for i, option := range options {
		if _, err := fmt.Fprintf(d.out, "%4d  %s\n", i+1, option); err != nil {
			return 0, err
		}
	}
	usual := ""
	if otherwise >= 0 {
		usual = strconv.Itoa(otherwise + 1)
	}
	for {
		answer, err := d.ask(ctx, what, usual)
		if err != nil {
			return 0, err
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(options) {
			return n - 1, nil
		}
		for i, option := range options {
			if text, _, _ := strings.Cut(option, "  "); answer != "" && strings.EqualFold(text, answer) {
				return i, nil
			}
		}
		if _, err := fmt.Fprintf(d.out, "Give a number from 1 to %d, or the text.\n", len(options)); err != nil {
			return 0, err
		}
	}
}

// tell writes a line for the operator.
func (d *Dialog) tell(format string, args ...any) error {
	_, err := fmt.Fprintf(d.out, format+"\n", args...)
	return err
}
