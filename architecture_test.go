package cyberbadge_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/cyberbadge/cyberbadge"

// listed is a package as go list describes it, without its tests.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string // what it imports, and what those import, and so on
}

// short is the path below the module, "." for its root.
func (p listed) short() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

// browser is the environment of what runs in a web page.
var browser = []string{"GOOS=js", "GOARCH=wasm"}

func goList(t *testing.T, environment []string, patterns ...string) []listed {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports,Deps"}, patterns...)...)
	command.Env = append(os.Environ(), environment...)
	var problems strings.Builder
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &problems)
	}
	var packages []listed
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// rule forbids packages of this module something. Paths of the module are written
// without its prefix.
type rule struct {
	why    string // a sentence for whoever breaks it
	who    string // pattern of the packages it holds for
	except string // pattern of those of them it does not hold for
	never  string // pattern of what they must not import
	direct bool   // only their own imports count, not those of what they import
}

// In patterns, a folder stands for itself and what is below it.
const (
	testKits   = `.*test|.*test/.*`
	everything = `.*`
	public     = `credential|credential/code|credential/qr|revocation|verifier`
	programs   = `(cmd|examples|tools)(/.*)?`
)

var rules = []rule{
	{why: "a badge is what it is without lists, verifiers and issuers",
		who: `credential(/.*)?`, never: `(revocation|verifier|issuer)(/.*)?`},
	{why: "a status list does not know who asks and who writes",
		who: `revocation(/.*)?`, never: `(verifier|issuer)(/.*)?`},
	{why: "a customer who embeds the verifier does not get the issuer",
		who: `verifier(/.*)?`, never: `issuer(/.*)?`},
	{why: "the issuer does not need the verifier to issue",
		who: `issuer(/.*)?`, never: `verifier(/.*)?`},
	{why: "programs are at the end: nobody builds on them",
		who: everything, except: programs, never: programs},
	{why: "servers are at the end: only programs put them together",
		who: everything, except: programs + `|(issuer|verifier)/server(/.*)?`, never: `(issuer|verifier)/server(/.*)?`},

	{why: "gin stays in the two servers, and in the example that is about it", direct: true,
		who: everything, except: `(issuer|verifier)/server(/.*)?|examples/middleware`, never: `github\.com/gin-gonic/.*`},
	{why: "go-sqlite3 needs cgo, so it has one room", direct: true,
		who: everything, except: `internal/sqlitefile(/.*)?`, never: `github\.com/mattn/go-sqlite3`},
	{why: "who embeds this verifier or builds on this issuer chooses what it is kept in",
		who: `(verifier|issuer)(/.*)?`, except: `(issuer/store|verifier)/sqlite|` + testKits, never: `internal/sqlitefile(/.*)?`},
	{why: "jwx has one room, so that replacing it touches one folder", direct: true,
		who: everything, except: `internal/jose`, never: `github\.com/lestrrat-go/.*`},
	{why: "drawing is its own package, because verifiers do not draw", direct: true,
		who: everything, except: `credential/qr/draw`, never: `github\.com/skip2/go-qrcode`},

	{why: "rules are one room's business", direct: true,
		who: everything, except: `issuer/policy`, never: `cel\.dev/.*`},
	{why: "signing officers in is one room's business", direct: true,
		who: everything, except: `issuer/office(/.*)?`, never: `github\.com/coreos/.*|golang\.org/x/oauth2(/.*)?`},
	{why: "mail is one carrier among others", direct: true,
		who: everything, except: `issuer/notify/mail`, never: `github\.com/wneessen/.*`},
	{why: "what is sent is told by who decides it, so that sending needs no store and no policy",
		who: `issuer/notify(/.*)?`, never: `issuer/(store|policy)(/.*)?`},

	{why: "whoever embeds these gets no server, no database and no drawing",
		who: public, never: `github\.com/(gin-gonic|mattn|skip2)/.*|database/sql`},
	{why: "whoever embeds these gets jwx, golang-lru and nothing else from elsewhere",
		who: public + `|revocation/fetch`, never: foreign(`github\.com/lestrrat-go`, `github\.com/hashicorp/golang-lru`, `golang\.org/x/crypto`)},
	{why: "badges and gate codes need jwx at most",
		who: `credential|credential/qr`, never: foreign(`github\.com/lestrrat-go`, `golang\.org/x/crypto`)},
	{why: "deciding opens no connection: what fetches is handed in",
		who: public, direct: true, never: `net/http`},
	{why: "what fetches is handed in, so that a verifier without a network has no client in it",
		who: public, never: `revocation/fetch|internal/outbound`},
	{why: "a gate code is text: it needs no network even in what it imports",
		who: `credential/qr`, never: `net/http|crypto/tls`},

	{why: "the test framework stays out of programs",
		who: everything, except: testKits, never: `testing`},
	{why: "keys that are public stay out of programs",
		who: everything, except: testKits, never: `(credential|revocation|verifier|issuer)/.*test`},
}

// foreign is everything that is not of the standard library, of this module or
// of these.
func foreign(allowed ...string) string {
	return `not:` + strings.Join(append(allowed, `[^./]+(/.*)?`, `vendor/.*`), `|`)
}

// matches reports whether a path is of a pattern.
func matches(t *testing.T, pattern, path string) bool {
	t.Helper()
	if pattern == "" {
		return false
	}
	pattern, inverted := strings.CutPrefix(pattern, "not:")
	expression, err := regexp.Compile(`^(?:` + pattern + `)` + map[bool]string{true: `(?:/.*)?`}[inverted] + `$`)
	if err != nil {
		t.Fatal(err)
	}
	return expression.MatchString(path) != inverted
}

func TestArchitecture_WhoMayImportWhom(t *testing.T) {
	t.Parallel()
	packages := goList(t, nil, "./...")
	for _, r := range rules {
		held := 0
		for _, p := range packages {
			if !matches(t, r.who, p.short()) || matches(t, r.except, p.short()) {
				continue
			}
			held++
			r.check(t, p)
		}
		if held == 0 {
			t.Errorf("no package is held to the rule: %s", r.why)
		}
	}
}

func (r rule) check(t *testing.T, p listed) {
	t.Helper()
	imports := p.Deps
	if r.direct {
		imports = p.Imports
	}
	for _, path := range imports {
		short, own := strings.CutPrefix(path, module+"/")
		if own && strings.HasPrefix(r.never, "not:") {
			continue
		}
		if matches(t, r.never, short) {
			t.Errorf("%s imports %s, but %s", p.short(), short, r.why)
		}
	}
}

// TestArchitecture_TheBrowsersVerifier: jwx's keys drag net/http and crypto/tls
// along, which a page would have to load before it could check anything.
func TestArchitecture_TheBrowsersVerifier(t *testing.T) {
	t.Parallel()
	r := rule{
		why:   "a page would have to load it before it could check a badge",
		never: `net/http|crypto/tls|github\.com/lestrrat-go/.*|github\.com/goccy/.*|encoding/gob|testing`,
	}
	for _, p := range goList(t, browser, "./credential", "./credential/qr", "./revocation", "./verifier") {
		r.check(t, p)
	}
}

func TestArchitecture_EmbeddedPackagesBuildEverywhere(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the packages for other systems")
	}
	for name, environment := range map[string][]string{
		"browser":     browser,
		"without cgo": {"CGO_ENABLED=0"},
		"32 bits":     {"CGO_ENABLED=0", "GOOS=linux", "GOARCH=386"},
		"windows":     {"CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64"},
	} {
		command := exec.CommandContext(t.Context(), "go", "build", "./credential", "./credential/qr", "./revocation", "./verifier")
		command.Env = append(os.Environ(), environment...)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestArchitecture_OneClock: time comes in through a Config, so time.Now stands at
// most once in a package, as the default. A second one is a check that a test
// cannot set the clock of.
func TestArchitecture_OneClock(t *testing.T) {
	t.Parallel()
	for _, p := range goList(t, nil, "./...") {
		if matches(t, testKits+"|"+programs, p.short()) {
			continue
		}
		var places []string
		for _, name := range p.GoFiles {
			places = append(places, clocks(t, filepath.Join(p.Dir, name))...)
		}
		if len(places) > 1 {
			t.Errorf("%s reads the time of the machine in several places: %s", p.short(), strings.Join(places, ", "))
		}
	}
}

// clocks returns where a file names time.Now, time.Since or time.Until.
func clocks(t *testing.T, path string) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		from, ok := selector.X.(*ast.Ident)
		if ok && from.Name == "time" && (selector.Sel.Name == "Now" || selector.Sel.Name == "Since" || selector.Sel.Name == "Until") {
			places = append(places, files.Position(selector.Pos()).String())
		}
		return true
	})
	return places
}
