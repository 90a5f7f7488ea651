package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// asset is an embedded file, ready to be sent.
type asset struct {
	content []byte
	hash    string // of the content: changes with it
}

// assets are the embedded files by name, such as app.css.
type assets map[string]asset

func loadAssets() assets {
	all := assets{}
	root, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, name)
		sum := sha256.Sum256(content)
		all[name] = asset{content, hex.EncodeToString(sum[:8])}
		return err
	})
	if err != nil {
		panic(err) // embedded files are read from memory
	}
	return all
}

// url returns the address of an asset. It holds the hash, so that a browser may keep the answer for ever.
func (a assets) url(name string) string { return "/assets/" + name + "?v=" + a[name].hash }

func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, ok := a[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", assetType(name))
	header.Set("Etag", `"`+file.hash+`"`)
	header.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == file.hash {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.content))
}

// assetType does not ask the system's table of types: on Windows a registry entry can make scripts unusable.
func assetType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "text/plain; charset=utf-8"
}
