package verifiertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// Case is one case of the table of attacks, ready to be decided.
type Case struct {
	ID           string
	Comment      string
	Before       string // presented first, when not empty; its decision is of no matter
	Presentation string
	Clock        time.Time // of the verifier
	Request      verifier.Request
	Policy       verifier.Policy
	AllowUnbound bool
	MaxStatusAge time.Duration // the default when zero
	Lists        []ServedList
	Reason       verifier.Reason
	Code         code.Code
}

// ServedList is a list as a fetch finds it.
type ServedList struct {
	Issuer string
	URI    string
	Token  string
	Fails  string // when not empty, the fetch fails with this text
	// Bad is true when Verifier.LoadList refuses it, so that only a verifier
	// which fetches sees it.
	Bad bool
}

// caseFile is a case as it stands in a file.
type caseFile struct {
	ID           string          `json:"id"`
	Comment      string          `json:"comment"`
	Presentation string          `json:"presentation"` // as it is, instead of build
	Build        recipe          `json:"build"`
	Before       *recipe         `json:"before"`
	Clock        time.Time       `json:"clock"` // credentialtest.Now when absent
	Request      *requestFile    `json:"request"`
	Policy       verifier.Policy `json:"policy"`
	AllowUnbound bool            `json:"allow_unbound"`
	MaxStatusAge duration        `json:"max_status_age"`
	Lists        *[]listRecipe   `json:"lists"` // one good list when absent
	Reason       verifier.Reason `json:"want_reason"`
	Code         code.Code       `json:"want_code"`
}

type requestFile struct {
	Access   credential.Access `json:"access"`
	Nonce    string            `json:"nonce"`
	Audience string            `json:"audience"`
}

// duration is written "1m30s" in a file.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	value, err := time.ParseDuration(string(text))
	*d = duration(value)
	return err
}

// Cases reads the table of attacks. It can be used by the tests of any package of
// this module.
func Cases(t testing.TB) []Case {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(moduleRoot(t), "verifier", "testdata", "attacks", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("verifiertest: no table of attacks (%v)", err)
	}
	var cases []Case
	ids := make(map[string]bool)
	for _, name := range names {
		for _, file := range readFile(t, name) {
			if file.ID == "" || file.Comment == "" || file.Reason == "" || ids[file.ID] {
				t.Fatalf("%s: case %q: an id of its own, a comment and want_reason are required", name, file.ID)
			}
			ids[file.ID] = true
			cases = append(cases, file.make(t))
		}
	}
	return cases
}

func readFile(t testing.TB, name string) []caseFile {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var files []caseFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&files); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return files
}

// moduleRoot is the directory above the test's own that holds go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory
		} else if !errors.Is(err, os.ErrNotExist) || directory == filepath.Dir(directory) {
			t.Fatalf("verifiertest: no go.mod above the test: %v", err)
		}
		directory = filepath.Dir(directory)
	}
}

func (f caseFile) make(t testing.TB) Case {
	t.Helper()
	c := Case{
		ID:           f.ID,
		Comment:      f.Comment,
		Presentation: f.Presentation,
		Clock:        f.Clock,
		Request:      verifier.Request{Access: credential.Onsite, Site: "gate 1"},
		Policy:       f.Policy,
		AllowUnbound: f.AllowUnbound,
		MaxStatusAge: time.Duration(f.MaxStatusAge),
		Reason:       f.Reason,
		Code:         f.Code,
	}
	if c.Clock.IsZero() {
		c.Clock = credentialtest.Now
	}
	if f.Request != nil {
		c.Request.Access, c.Request.Nonce, c.Request.Audience = f.Request.Access, f.Request.Nonce, f.Request.Audience
	}
	if c.Presentation == "" {
		c.Presentation = f.Build.make(t, c.Clock)
	}
	if f.Before != nil {
		c.Before = f.Before.make(t, c.Clock)
	}
	lists := []listRecipe{{}}
	if f.Lists != nil {
		lists = *f.Lists
	}
	for _, list := range lists {
		c.Lists = append(c.Lists, list.make(t, c.Clock))
	}
	return c
}
