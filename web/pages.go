package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/secure"
)

// dist is what Vite built; in a fresh clone, a placeholder.
//
//go:embed dist
var dist embed.FS

// AssetsPath is where the assets of every page are, below [Config].Base.
const AssetsPath = "/assets/"

// What stands beside a page that can be installed, by the names that it uses.
const (
	BadgeWorkerName   = "service-worker.js"
	BadgeManifestName = "manifest.webmanifest"
	GateWorkerName    = BadgeWorkerName
	GateManifestName  = BadgeManifestName
)

// Config configures [Pages]. The zero value is for pages at the root, without
// Strict-Transport-Security.
type Config struct {
	// Base is the path before [AssetsPath]: empty, or /… without a slash at its
	// end, of letters, digits and . _ ~ - only.
	Base string
	// TLS says that callers reach the pages over TLS, here or at a proxy in front.
	TLS bool
}

// Pages serves the pages. It is safe for concurrent use.
type Pages struct {
	check   http.Handler
	concern http.Handler
	console console
	badge   installable
	gate    installable
	assets  http.Handler
}

// installable is a page with what stands beside it.
type installable struct{ page, worker, manifest http.Handler }

// New reports everything that is wrong with the configuration at once, and fails
// when what was built is damaged.
func New(config Config) (*Pages, error) { return newPages(config, dist) }

var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

func newPages(config Config, files fs.FS) (*Pages, error) {
	if !plainPath.MatchString(config.Base) {
		return nil, fmt.Errorf("web: Base %q: use segments of letters, digits and . _ ~ - with no slash at the end", config.Base)
	}
	pages, err := readPages(config, files)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return pages, nil
}

func readPages(config Config, files fs.FS) (*Pages, error) {
	// An asset may be a worker, which has a policy of its own.
	headers, err := secure.New(secure.Config{TLS: config.TLS, Page: &secure.Page{AllowWasm: true}})
	if err != nil {
		return nil, err
	}
	check, err := document(files, "check", config.Base)
	if err != nil {
		return nil, err
	}
	plain, err := secure.New(secure.Config{TLS: config.TLS, Page: &secure.Page{}})
	if err != nil {
		return nil, err
	}
	concern, err := document(files, "concern", config.Base)
	if err != nil {
		return nil, err
	}
	console, err := readConsole(files, config.Base, plain)
	if err != nil {
		return nil, err
	}
	// The badge's page compiles nothing.
	badge, err := readInstallable(files, "badge", config, secure.Page{})
	if err != nil {
		return nil, err
	}
	gate, err := readInstallable(files, "gate", config, secure.Page{AllowWasm: true, AllowCamera: true})
	if err != nil {
		return nil, err
	}
	assets, err := readAssets(files)
	if err != nil {
		return nil, err
	}
	return &Pages{check: headers(check), concern: plain(concern), console: console, badge: badge, gate: gate, assets: headers(assets)}, nil
}

// readInstallable reads a page and what stands beside it, which gets the page's
// headers: a worker runs under the policy that it was served with.
func readInstallable(files fs.FS, name string, config Config, needs secure.Page) (installable, error) {
	headers, err := secure.New(secure.Config{TLS: config.TLS, Page: &needs})
	if err != nil {
		return installable{}, err
	}
	page, err := document(files, name, config.Base)
	if err != nil {
		return installable{}, err
	}
	worker, err := unhashed(files, name+"-worker.js", "text/javascript; charset=utf-8")
	if err != nil {
		return installable{}, err
	}
	manifest, err := unhashed(files, name+".webmanifest", "application/manifest+json")
	if err != nil {
		return installable{}, err
	}
	return installable{headers(page), headers(worker), headers(manifest)}, nil
}

// Check is the page on which anybody can check a badge of the issuer whose origin
// it is served from.
func (p *Pages) Check() http.Handler { return p.check }

// Concern is the page on which a customer raises a concern about the person of a
// badge. It stands at <issuer's URL>/concern, and calls /concerns beside itself.
func (p *Pages) Concern() http.Handler { return p.concern }

// Badge is the page on which a phone fetches, keeps and shows a badge. It must
// stand at <issuer's URL>/badge/: the issuer is what it finds one step above
// itself, and its key and badge stay in the browser under that address.
func (p *Pages) Badge() http.Handler { return p.badge.page }

// BadgeWorker is the service worker that opens that page without a connection. It
// must stand beside the page, as [BadgeWorkerName]: that is how far it reaches.
func (p *Pages) BadgeWorker() http.Handler { return p.badge.worker }

// BadgeManifest is by what that page can be installed; it stands beside it, as
// [BadgeManifestName].
func (p *Pages) BadgeManifest() http.Handler { return p.badge.manifest }

// Gate is the page of a guard: the tablet that it is open on is a gate. It must
// stand at /gate/ of a verifier service, whose calls it finds below itself.
func (p *Pages) Gate() http.Handler { return p.gate.page }

// GateWorker is the service worker that opens that page without a connection. It
// must stand beside the page, as [GateWorkerName].
func (p *Pages) GateWorker() http.Handler { return p.gate.worker }

// GateManifest is by what that page can be installed; it stands beside it, as
// [GateManifestName].
func (p *Pages) GateManifest() http.Handler { return p.gate.manifest }

// Assets answers for every path that ends in AssetsPath and the name of an asset.
func (p *Pages) Assets() http.Handler { return p.assets }

// htmlType is the media type of documents.
const htmlType = "text/html; charset=utf-8"

// document serves dist/<name>.html.
func document(files fs.FS, name, base string) (http.Handler, error) {
	text, err := documentText(files, name, base)
	if err != nil {
		return nil, err
	}
	if text == nil {
		return http.HandlerFunc(notBuilt), nil
	}
	return fresh(text, htmlType), nil
}

// documentText reads dist/<name>.html, and has it look for its assets below base.
// It is nil for a page that was not built.
func documentText(files fs.FS, name, base string) ([]byte, error) {
	text, err := fs.ReadFile(files, "dist/"+name+".html")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return bytes.ReplaceAll(text, []byte(`="./assets/`), []byte(`="`+base+AssetsPath)), err
}

// unhashed serves a file whose name never changes, whatever is in it.
func unhashed(files fs.FS, name, mediaType string) (http.Handler, error) {
	content, err := fs.ReadFile(files, "dist/"+name)
	if errors.Is(err, fs.ErrNotExist) {
		return http.HandlerFunc(notBuilt), nil
	}
	if err != nil {
		return nil, err
	}
	return fresh(content, mediaType), nil
}

// fresh serves what a browser asks for anew each time.
func fresh(text []byte, mediaType string) http.Handler {
	sum := sha256.Sum256(text)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Etag", tag)
		// It holds nobody: what is in a code never reaches the server.
		h.Set("Cache-Control", "no-cache")
		serve(w, r, text)
	})
}

func notBuilt(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "This program was built without its pages. Build them with: make web build", http.StatusServiceUnavailable)
}

// serve answers HEAD and If-None-Match, too.
func serve(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Header.Del("Range")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
