package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
)

// MaxAsset bounds an asset, in bytes, as it is built and as it is unpacked.
const MaxAsset = 32 << 20

// asset is a file in the forms that it was built in; one of plain and zipped is
// always there.
type asset struct {
	mediaType string
	plain     []byte
	zipped    []byte // gzip
	brotli    []byte
}

type assets map[string]*asset

// mediaTypes are those of a build; the machine's own table may say otherwise.
var mediaTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".wasm": "application/wasm",
}

func readAssets(files fs.FS) (assets, error) {
	found := assets{}
	entries, err := fs.ReadDir(files, "dist/assets")
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(files, path.Join("dist/assets", entry.Name()))
		if err != nil {
			return nil, err
		}
		if len(content) > MaxAsset {
			return nil, fmt.Errorf("the asset %s has %d bytes, at most %d are served", entry.Name(), len(content), MaxAsset)
		}
		if err := found.add(entry.Name(), content); err != nil {
			return nil, err
		}
	}
	for name, a := range found {
		if a.plain == nil && a.zipped == nil {
			return nil, fmt.Errorf("the asset %s was built in a form that not every browser takes", name)
		}
	}
	return found, nil
}

func (a assets) add(file string, content []byte) error {
	name := strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".br")
	mediaType := mediaTypes[path.Ext(name)]
	if mediaType == "" {
		mediaType = mime.TypeByExtension(path.Ext(name))
	}
	if mediaType == "" {
		return fmt.Errorf("the asset %s is of a type that is not known", file)
	}
	if a[name] == nil {
		a[name] = &asset{mediaType: mediaType}
	}
	switch path.Ext(file) {
	case ".gz":
		a[name].zipped = content
	case ".br":
		a[name].brotli = content
	default:
		a[name].plain = content
	}
	return nil
}

func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := a[path.Base(r.URL.Path)]
	if found == nil {
		http.NotFound(w, r)
		return
	}
	body, coding, err := found.form(r.Header)
	if err != nil {
		http.Error(w, "The asset is damaged.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", found.mediaType)
	h.Set("Vary", "Accept-Encoding")
	// Its name is another as soon as its content is.
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	serve(w, r, body)
}

// form is the shortest one that the browser takes.
func (a *asset) form(h http.Header) (body []byte, coding string, err error) {
	switch {
	case a.brotli != nil && httpserver.Accepts(h, "br"):
		return a.brotli, "br", nil
	case a.zipped != nil && httpserver.Accepts(h, "gzip"):
		return a.zipped, "gzip", nil
	case a.plain != nil:
		return a.plain, "", nil
	}
	body, err = unzip(a.zipped)
	return body, "", err
}

func unzip(zipped []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, MaxAsset+1))
	if err == nil && len(plain) > MaxAsset {
		err = fmt.Errorf("more than %d bytes", MaxAsset)
	}
	return plain, err
}
