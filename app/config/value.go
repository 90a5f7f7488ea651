package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written 10 GiB, 512MiB, 4 KiB or 4096.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), int64(1)
	for i, suffix := range [...]string{"KiB", "MiB", "GiB", "TiB"} {
		if rest, ok := strings.CutSuffix(number, suffix); ok {
			number, unit = strings.TrimSpace(rest), 1<<(10*(i+1))
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return fmt.Errorf("%q is no size: write 4096, 512MiB or 10GiB", text)
	}
	*s = Size(n * unit)
	return nil
}

// String writes a size in the largest unit that is exact.
func (s Size) String() string {
	for i, suffix := range [...]string{"TiB", "GiB", "MiB", "KiB"} {
		if unit := Size(1) << (40 - 10*i); s != 0 && s%unit == 0 {
			return strconv.FormatInt(int64(s/unit), 10) + suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Reference says where a secret is kept: file:PATH, env:NAME or secret:NAME. It is never the secret itself, so it may be shown.
type Reference string

// Kinds of references.
const (
	fileReference   = "file"
	envReference    = "env"
	secretReference = "secret"
)

// UnmarshalText refuses what is no reference, without repeating it: it may be a secret.
func (r *Reference) UnmarshalText(text []byte) error {
	kind, name, _ := strings.Cut(string(text), ":")
	switch kind {
	case "":
		*r = ""
		return nil
	case fileReference, envReference, secretReference:
		if name != "" {
			*r = Reference(text)
			return nil
		}
	}
	return fmt.Errorf("is no reference: a secret does not stand here itself; keep it in a file, the environment or the keyring and write file:PATH, env:NAME or secret:NAME")
}

// Split returns kind and name.
func (r Reference) Split() (kind, name string) {
	kind, name, _ = strings.Cut(string(r), ":")
	return kind, name
}

// setText sets a single value from its text.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Interface().(type) {
	case time.Duration:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(int64(n))
	case reflect.Slice: // of texts: the environment and the command line join them by commas
		list := reflect.MakeSlice(v.Type(), 0, 0)
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = reflect.Append(list, reflect.ValueOf(part))
			}
		}
		v.Set(list)
	default:
		return fmt.Errorf("%s cannot be set by a text", v.Type())
	}
	return nil
}

// parseDuration reads 90s, 5m, 1h30m and, beyond package time, whole days: 7d.
func parseDuration(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if number, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < int(math.MaxInt64/day) {
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time span: write 500ms, 30s, 5m, 1h30m or 7d", text)
	}
	return d, nil
}

// textOf returns the form of a single value that setText reads.
func textOf(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Duration:
		return durationText(value)
	case fmt.Stringer:
		return value.String()
	case []string:
		return strings.Join(value, ",")
	}
	return fmt.Sprint(v.Interface())
}

func durationText(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 0 && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
