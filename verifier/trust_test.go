package verifier_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// badTrust says, for each file of testdata/trust/bad, what its error must name.
var badTrust = map[string]string{
	"empty":                     "json_invalid",
	"not-json":                  "json_invalid",
	"byte-order-mark":           "json_invalid",
	"trailing":                  "json_invalid",
	"an-array":                  "not a JSON object",
	"no-issuers":                "issuers is not an array",
	"zero-issuers":              "issuers is not an array",
	"issuers-object":            "issuers is not an array",
	"issuer-text":               "not a JSON object",
	"unknown-member":            "unknown member \"version\"",
	"unknown-issuer-member":     "unknown member \"jwks_uri\"",
	"unknown-lists-member":      "unknown member \"url\"",
	"issuer-member-twice":       "json_duplicate_name",
	"issuer-twice":              "twice",
	"issuer-missing":            "issuer is \"\"",
	"issuer-number":             "give an https URL",
	"issuer-http":               "only https is taken",
	"issuer-file":               "issuer is \"file:",
	"issuer-gopher":             "only https is taken",
	"issuer-user":               "without credentials",
	"issuer-query":              "query and fragment",
	"issuer-fragment":           "query and fragment",
	"issuer-relative":           "give an https URL",
	"name-number":               "name is not a string",
	"types-missing":             "types is not an array",
	"types-empty":               "types is not an array",
	"types-number":              "types holds something other",
	"types-empty-text":          "types holds something other",
	"keys-and-anchors":          "either keys or anchors",
	"neither-keys-nor-anchors":  "either keys or anchors",
	"keys-empty":                "key_unknown",
	"keys-object":               "key_type_mismatch",
	"keys-of-another-kind-only": "key_unknown",
	"key-private":               "key_type_mismatch",
	"key-for-encryption":        "key_type_mismatch",
	"key-for-signing-only":      "key_type_mismatch",
	"key-of-another-algorithm":  "key_type_mismatch",
	"key-on-another-curve":      "key_type_mismatch",
	"key-off-the-curve":         "key_type_mismatch",
	"key-short":                 "key_type_mismatch",
	"key-padded":                "key_type_mismatch",
	"key-without-id":            "a key without kid",
	"key-id-number":             "jose_header_type",
	"key-id-long":               "jose_header_type",
	"key-id-twice":              "key_ambiguous",
	"anchors-empty":             "anchors is not an array",
	"anchors-number":            "anchors holds something other than base64",
	"anchors-not-base64":        "anchors holds something other than base64",
	"anchors-not-a-certificate": "anchors: x509",
	"lists-missing":             "no lists",
	"lists-text":                "lists: not a JSON object",
	"lists-without-keys":        "lists: key_type_mismatch",
	"lists-without-under":       "lists: under is \"\"",
	"lists-under-without-slash": "end it in a slash",
	"lists-under-http":          "only https is taken",
	"lists-key-private":         "lists: key_type_mismatch",
	"retired-empty":             "retired is not an array",
	"retired-text":              "retired: not a JSON object",
	"retired-unknown-member":    "retired: unknown member \"why\"",
	"retired-without-kid":       "retired: a key without kid",
	"retired-without-at":        "retired: at: not a number of whole seconds",
	"retired-at-text":           "retired: at: not a number of whole seconds",
	"retired-at-zero":           "retired: at: not a number of whole seconds",
	"retired-twice":             "retired: kid \"x\" twice",
	"revoked-empty":             "revoked is not an array",
	"revoked-number":            "revoked holds something other than strings",
	"revoked-empty-text":        "revoked holds something other than strings",
	"not-before-text":           "not_before: not a number of whole seconds",
	"not-before-fraction":       "not_before: not a number of whole seconds",
	"not-before-zero":           "not_before: not a number of whole seconds",
	"not-before-too-late":       "not_before: not a number of whole seconds",
	"stopped-text":              "stopped is not an array",
	"stopped-number":            "stopped holds something other than strings",
	"lists-events-http":         "only https is taken",
}

func trustFiles(t *testing.T, kind string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "trust", kind, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files (%v)", err)
	}
	return names
}

func TestTrustRefusesBadFiles(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, path := range trustFiles(t, "bad") {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		want, known := badTrust[name]
		if !known {
			t.Errorf("%s: this test does not say what is wrong with it", path)
			continue
		}
		seen++
		trust, err := verifier.LoadTrust(path)
		if trust != nil || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error with %q and the path", name, err, want)
		}
	}
	if seen != len(badTrust) {
		t.Errorf("%d files of %d", seen, len(badTrust))
	}
}

func TestTrustReadsGoodFiles(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"several-issuers": {
			verifiertest.ChainIssuerURL, verifiertest.CrowdIssuerURL, verifiertest.RivalIssuerURL, credentialtest.IssuerURL,
		},
		"anchored":     {verifiertest.ChainIssuerURL},
		"several-keys": {verifiertest.CrowdIssuerURL},
		"loopback":     {"http://localhost:8080"},
	}
	for _, path := range trustFiles(t, "good") {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		trust, err := verifier.LoadTrust(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		issuers := want[name]
		if issuers == nil {
			issuers = []string{credentialtest.IssuerURL}
		}
		if got := trust.Issuers(); !slices.Equal(got, issuers) {
			t.Errorf("%s: got %q, want %q", name, got, issuers)
		}
	}
}

func TestLoadTrustOfNoFile(t *testing.T) {
	t.Parallel()
	if _, err := verifier.LoadTrust(filepath.Join(t.TempDir(), "absent.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestTrustSizeBound(t *testing.T) {
	t.Parallel()
	text := verifiertest.TrustFile(t)
	padded := func(size int) []byte { return append(text, strings.Repeat(" ", size-len(text))...) }
	if _, err := verifier.ParseTrust(padded(verifier.MaxTrustSize)); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	if _, err := verifier.ParseTrust(padded(verifier.MaxTrustSize + 1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("one more: %v", err)
	}
	path := filepath.Join(t.TempDir(), "trust.json")
	if err := os.WriteFile(path, padded(verifier.MaxTrustSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.LoadTrust(path); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("from a file: %v", err)
	}
}

func TestTrustIssuersBound(t *testing.T) {
	t.Parallel()
	var file struct {
		Issuers []map[string]any `json:"issuers"`
	}
	if err := json.Unmarshal(verifiertest.TrustFile(t), &file); err != nil {
		t.Fatal(err)
	}
	first := file.Issuers[0]
	file.Issuers = nil
	parse := func() error {
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = verifier.ParseTrust(text)
		return err
	}
	for n := range verifier.MaxIssuers + 1 {
		issuer := map[string]any{"issuer": fmt.Sprintf("https://badge%d.example", n)}
		for _, name := range []string{"types", "keys", "lists"} {
			issuer[name] = first[name]
		}
		if n == verifier.MaxIssuers {
			if err := parse(); err != nil {
				t.Errorf("at the bound: %v", err)
			}
		}
		file.Issuers = append(file.Issuers, issuer)
	}
	if err := parse(); err == nil || !strings.Contains(err.Error(), "array of 1 to 256") {
		t.Errorf("one more: %v", err)
	}
}

func TestListsAreOnlyUnderTheIssuersPrefix(t *testing.T) {
	t.Parallel()
	trust := verifiertest.Trust(t)
	under := credentialtest.IssuerURL + "/status-lists/"
	for uri, want := range map[string]code.Code{
		under + "1":                  "",
		under + "a-B_9":              "",
		under:                        code.StatusURINotAllowed,
		under + "1/2":                code.StatusURINotAllowed,
		under + "..":                 code.StatusURINotAllowed,
		under + "%2e%2e":             code.StatusURINotAllowed,
		under + "1?":                 code.StatusURINotAllowed,
		under + "1#":                 code.StatusURINotAllowed,
		under + "1\n":                code.StatusURINotAllowed,
		strings.ToUpper(under) + "1": code.StatusURINotAllowed,
		credentialtest.IssuerURL + ".evil.example/status-lists/1": code.StatusURINotAllowed,
		verifiertest.RivalIssuerURL + "/status-lists/1":           code.StatusURINotAllowed,
		"": code.StatusURINotAllowed,
	} {
		if got := code.Of(trust.CheckListURI(credentialtest.IssuerURL, uri)); got != want {
			t.Errorf("%q: got %q, want %q", uri, got, want)
		}
	}
	if got := code.Of(trust.CheckListURI("https://attacker.example", under+"1")); got != code.IssuerUntrusted {
		t.Errorf("of an unknown issuer: %q", got)
	}
}

func TestListKeysAreForListsOnly(t *testing.T) {
	t.Parallel()
	trust := verifiertest.Trust(t)
	for keyID, want := range map[string]code.Code{
		credentialtest.ListKey.ID():   "",
		"":                            "", // there is one
		credentialtest.IssuerKey.ID(): code.KeyNotForIssuer,
		verifiertest.RivalKey.ID():    code.KeyNotForIssuer,
		credentialtest.OtherKey.ID():  code.KeyUnknown,
	} {
		key, err := trust.ListKey(credentialtest.IssuerURL, keyID)
		if got := code.Of(err); got != want || err == nil && !key.Equal(credentialtest.ListKey.Public()) {
			t.Errorf("%q: got %q, want %q", keyID, got, want)
		}
	}
	if _, err := trust.ListKey("https://attacker.example", ""); code.Of(err) != code.IssuerUntrusted {
		t.Errorf("of an unknown issuer: %v", err)
	}
}
