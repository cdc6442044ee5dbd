package issuer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What is in a [ListFolder], beside the lists.
const (
	folderIndex = ".json" // behind the path of the lists: which there are
	folderTrust = "trust-list.json"
	folderGuide = "nginx.conf"
	staged      = ".staged-" // what begins the names of files that are not ready
)

// ListFolder is a folder of static files from which a web server, or a CDN, serves
// status lists in the issuer's place, at the same addresses:
//
//	status-lists/1        a list, as it is served; and 1.gz, compressed, if wanted
//	status-lists.json     what is served at /status-lists
//	trust-list.json       what verifiers pin
//	nginx.conf            how nginx serves all that
//
// Lists are below the path of the issuer's URL, if it has one. Whoever reads a file
// gets all of one list or all of another, whatever happens while it is written: a
// file takes its name when it is on the disk, and the one from before stays until
// then. One process at a time writes to a folder.
type ListFolder struct {
	path   string
	issuer string // its URL
	base   string // the path of it
	gzip   bool
	stage  func(folder string) (stagedFile, error)
}

// stagedFile is a file on its way to its name.
type stagedFile interface {
	io.WriteCloser
	Name() string
	Chmod(os.FileMode) error
	Sync() error
}

// OpenListFolder makes the folder if there is none, and takes away what a process
// that was killed left unfinished.
func OpenListFolder(path, issuerURL string, gzip bool) (*ListFolder, error) {
	issuer, err := url.Parse(issuerURL)
	if err != nil {
		return nil, fmt.Errorf("issuer: list folder: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("issuer: list folder: %w", err)
	}
	if strings.ContainsAny(path, "\"$\\\n\r") {
		return nil, fmt.Errorf(`issuer: list folder %q: its path must have no " $ \ or line break, which web servers read in their own way`, path)
	}
	f := &ListFolder{path: path, issuer: issuerURL, base: issuer.EscapedPath(), gzip: gzip, stage: stageFile}
	if err := os.MkdirAll(f.file(StatusListPath), 0o755); err != nil {
		return nil, fmt.Errorf("issuer: list folder: %w", err)
	}
	for _, folder := range []string{f.path, f.file(""), f.file(StatusListPath)} {
		left, err := filepath.Glob(filepath.Join(folder, staged+"*"))
		if err != nil {
			return nil, fmt.Errorf("issuer: list folder: %w", err)
		}
		for _, name := range left {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, fmt.Errorf("issuer: list folder: %w", err)
			}
		}
	}
	return f, nil
}

// file is where something below the issuer's URL is.
func (f *ListFolder) file(path string) string { return filepath.Join(f.path, f.base, path) }

// WriteList writes a signed list.
func (f *ListFolder) WriteList(uri, token string) error {
	name, err := f.listFile(uri)
	if err != nil {
		return err
	}
	contents := []content{{name, []byte(token)}}
	if f.gzip {
		zipped, err := compressed(token)
		if err != nil {
			return fmt.Errorf("issuer: list folder: %w", err)
		}
		contents = append(contents, content{name + ".gz", zipped})
	}
	return f.write(contents...)
}

// listFile is where a list is, for an address that is one.
func (f *ListFolder) listFile(uri string) (string, error) {
	digits, ours := strings.CutPrefix(uri, f.issuer+StatusListPath)
	id, err := strconv.ParseUint(digits, 10, 63)
	if !ours || err != nil || strconv.FormatUint(id, 10) != digits {
		return "", fmt.Errorf("issuer: list folder: %q is no list of %s", uri, f.issuer)
	}
	return f.file(StatusListPath + digits), nil
}

// has reports whether a list is there.
func (f *ListFolder) has(uri string) bool {
	name, err := f.listFile(uri)
	if err != nil {
		return false
	}
	_, err = os.Stat(name)
	return err == nil
}

func compressed(text string) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// WriteIndex writes which lists there are (Token Status List, section 9.3).
func (f *ListFolder) WriteIndex(uris []string) error {
	text, err := json.Marshal(struct {
		Lists []string `json:"status_lists"`
	}{uris})
	if err != nil {
		return fmt.Errorf("issuer: list folder: %w", err)
	}
	return f.write(content{f.file(AggregationPath + folderIndex), append(text, '\n')})
}

// WriteTrustList writes what verifiers pin.
func (f *ListFolder) WriteTrustList(list TrustList) error {
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("issuer: list folder: %w", err)
	}
	return f.write(content{filepath.Join(f.path, folderTrust), append(text, '\n')})
}

// WriteGuide writes how nginx serves the folder. ttl is that of the lists.
func (f *ListFolder) WriteGuide(ttl time.Duration) error {
	zip := ""
	if f.gzip {
		zip = "    gzip_static on;\n    gzip_vary on;\n"
	}
	text := strings.NewReplacer(
		"ISSUER", f.issuer, "FOLDER", f.path, "LISTS", f.base+AggregationPath, "GZIP\n", zip,
		"TRUST", folderTrust, "GUIDE", folderGuide, "MAXAGE", seconds(min(maxListCache, ttl/2)), "MAXSTALE", seconds(ttl),
	).Replace(folderGuideText)
	return f.write(content{filepath.Join(f.path, folderGuide), []byte(text)})
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

const folderGuideText = `# Status lists of ISSUER as static files. In a server block:
#
#   include "FOLDER/GUIDE";
#
# Nobody who serves these files can change what they say, because they are signed.
# What was kept for more than a moment would be a revocation that nobody sees, so
# caches may hold a list for MAXAGE s, and for MAXSTALE s while this server is away.
#
# There are no conditional requests: nginx tells two files apart by their time in
# seconds and their size, and two lists of one second may have the same size.

location = LISTS {
    alias "FOLDERLISTS.json";
    types { }
    default_type application/json;
    etag off;
    if_modified_since off;
    add_header Cache-Control "public, max-age=60";
    add_header Access-Control-Allow-Origin "*";
    add_header X-Content-Type-Options "nosniff";
}

location LISTS/ {
    root "FOLDER";
    types { }
    default_type application/statuslist+jwt;
GZIP
    etag off;
    if_modified_since off;
    max_ranges 0;
    add_header Cache-Control "public, max-age=MAXAGE, stale-if-error=MAXSTALE";
    add_header Access-Control-Allow-Origin "*";
    add_header X-Content-Type-Options "nosniff";
    location ~ [.] { return 404; }
    if ($args ~ "(^|&)time(=|&|$)") { return 501; }
}

location = /TRUST {
    root "FOLDER";
    add_header Access-Control-Allow-Origin "*";
    add_header X-Content-Type-Options "nosniff";
}
`

// content is what a file is to hold.
type content struct {
	name string
	text []byte
}

// write gives files their contents: all of them are on the disk before the first
// gets its name, so that a full disk changes nothing.
func (f *ListFolder) write(contents ...content) (err error) {
	ready := make(map[string]string) // from where, to where
	defer func() {
		for from := range ready {
			err = errors.Join(err, os.Remove(from))
		}
		if err != nil {
			err = fmt.Errorf("issuer: list folder: %w", err)
		}
	}()
	for _, c := range contents {
		if held, err := os.ReadFile(c.name); err == nil && bytes.Equal(held, c.text) {
			continue
		}
		from, err := f.put(filepath.Dir(c.name), c.text)
		if from != "" {
			ready[from] = c.name
		}
		if err != nil {
			return err
		}
	}
	folders := make(map[string]bool)
	for from, to := range ready {
		if err := os.Rename(from, to); err != nil {
			return err
		}
		delete(ready, from)
		folders[filepath.Dir(to)] = true
	}
	for folder := range folders {
		if err := syncFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

// put writes a file without its name.
func (f *ListFolder) put(folder string, text []byte) (name string, err error) {
	file, err := f.stage(folder)
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	if err == nil {
		err = errors.Join(file.Chmod(0o644), file.Sync()) // web servers are somebody else
	}
	return file.Name(), errors.Join(err, file.Close())
}

func stageFile(folder string) (stagedFile, error) { return os.CreateTemp(folder, staged+"*") }

// syncFolder makes new names durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
