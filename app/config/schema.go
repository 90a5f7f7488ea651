package config

import (
	"iter"
	"reflect"
	"strconv"
	"strings"
)

// Setting is one setting that has a single value, or a list of texts.
type Setting struct {
	Path    string // server.url, converters.N.folder
	Env     string // GOWATS_SERVER_URL, GOWATS_CONVERTERS_N_FOLDER
	Default string
	Help    string
}

// Settings returns every setting in the order of the file. N stands for the number of a list's element, from 0.
func Settings() []Setting {
	var all []Setting
	defaults := Default()
	defaults.Stations = []Rule{{}}
	defaults.Converters = []Converter{DefaultConverter()}
	walk(reflect.ValueOf(&defaults).Elem(), "", func(path string, v reflect.Value, help string) {
		path = strings.ReplaceAll(path, ".0.", ".N.")
		all = append(all, Setting{Path: path, Env: envName(path), Default: textOf(v), Help: help})
	})
	return all
}

// envName returns the name of a setting in the environment.
func envName(path string) string {
	return "GOWATS_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// walk calls f for every single value below v.
func walk(v reflect.Value, path string, f func(path string, v reflect.Value, help string)) {
	eachField(v, func(name, help string, field reflect.Value) {
		at := join(path, name)
		switch {
		case isGroup(field.Type()):
			walk(field, at, f)
		case isGroupList(field.Type()):
			for i := range field.Len() {
				walk(field.Index(i), join(at, strconv.Itoa(i)), f)
			}
		default:
			f(at, field, help)
		}
	})
}

// eachField calls f for every setting or group of a struct; those of an inlined struct count as its own.
func eachField(v reflect.Value, f func(name, help string, field reflect.Value)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		name, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if option == "inline" {
			eachField(v.Field(i), f)
			continue
		}
		f(name, field.Tag.Get("help"), v.Field(i))
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// isGroup reports whether t has settings of its own.
func isGroup(t reflect.Type) bool { return t.Kind() == reflect.Struct }

// isGroupList reports whether t is a list of groups.
func isGroupList(t reflect.Type) bool { return t.Kind() == reflect.Slice && isGroup(t.Elem()) }

// element returns a new element of a list of groups, with its defaults.
func element(list reflect.Type) reflect.Value {
	v := reflect.New(list.Elem()).Elem()
	if c, ok := v.Addr().Interface().(*Converter); ok {
		*c = DefaultConverter()
	}
	return v
}

// nearest returns the name that was likely meant, "" when none is near.
func nearest(given string, names []string) string {
	best, distance := "", len(given)/2+2 // beyond it nothing is near
	for _, name := range names {
		if d := editDistance(strings.ToLower(given), name); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// editDistance returns how many bytes to insert, delete or replace to turn a into b.
func editDistance(a, b string) int {
	a = a[:min(len(a), 60)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Values yields every setting that has a single value and its text, in the order of the file.
func (c *Config) Values() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		more := true
		walk(reflect.ValueOf(c).Elem(), "", func(path string, v reflect.Value, _ string) {
			more = more && yield(path, textOf(v))
		})
	}
}
