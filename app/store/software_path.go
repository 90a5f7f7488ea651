package store

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxPackagePath    = 400 // characters
	maxPackageElement = 200
)

// pathProblem says why no file or folder of a package can have this path, "" when it can: it must be safe and mean the same thing on every
// system that stations run.
func pathProblem(text string) string {
	switch {
	case text == "":
		return "is empty"
	case !utf8.ValidString(text):
		return "is not UTF-8"
	case utf8.RuneCountInString(text) > maxPackagePath:
		return fmt.Sprintf("exceeds %d characters", maxPackagePath)
	case strings.Contains(text, `\`):
		return "holds a backslash: folders are separated by slashes"
	case text[0] == '/', len(text) > 1 && text[1] == ':':
		return "is absolute"
	}
	for element := range strings.SplitSeq(text, "/") {
		if problem := elementProblem(element); problem != "" {
			return problem
		}
	}
	return ""
}

func elementProblem(name string) string {
	stem, _, _ := strings.Cut(name, ".")
	switch {
	case name == "":
		return "has an empty part"
	case name == "." || name == "..":
		return "leads elsewhere: it has the part " + name
	case utf8.RuneCountInString(name) > maxPackageElement:
		return fmt.Sprintf("has a part of more than %d characters", maxPackageElement)
	case strings.ContainsFunc(name, isUnsafe):
		return `has a character that not every system can store: a control character or one of < > : " | ? *`
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return "has a part that ends with a dot or a blank, which Windows drops"
	case isReserved(strings.TrimRight(stem, " ")):
		return "has the part " + name + ", which is a device on Windows"
	}
	return ""
}

func isUnsafe(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`<>:"|?*`, r) }

// isReserved reports whether Windows takes the name for a device, whatever its extension.
func isReserved(stem string) bool {
	switch stem = strings.ToUpper(stem); stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	rest, isPort := strings.CutPrefix(stem, "COM")
	if !isPort {
		rest, isPort = strings.CutPrefix(stem, "LPT")
	}
	return isPort && utf8.RuneCountInString(rest) == 1 && strings.Contains("0123456789¹²³", rest)
}

// pathKey is what two paths have in common that are one on a system without regard to case.
func pathKey(text string) string { return strings.ToLower(text) }

// foldersAbove returns the folders that a path is in, the outermost first.
func foldersAbove(text string) (list []string) {
	for i, r := range text {
		if r == '/' {
			list = append(list, text[:i])
		}
	}
	return list
}

// within reports whether a path is in a folder, at any depth.
func within(folderKey, key string) bool { return strings.HasPrefix(key, folderKey+"/") }

// joinPath puts a name into a folder; folder "" is the package itself.
func joinPath(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// folderOf returns the folder that a path is in, "" for the package itself.
func folderOf(text string) string {
	if dir := path.Dir(text); dir != "." {
		return dir
	}
	return ""
}
