package credential_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

var update = flag.Bool("update", false, "add new vectors to testdata/vectors; those that are there stay as they are")

const vectorDirectory = "testdata/vectors"

// judge answers a vector as a verifier does that knows neither status nor
// replays.
func judge(file credentialtest.VectorFile, v credentialtest.Vector) (*credential.Presentation, error) {
	p, err := credential.Opener{Keys: file.KeySource(v)}.OpenPresentation(v.Input)
	if err != nil {
		if p != nil {
			panic("content beside a refusal")
		}
		return nil, err
	}
	seconds := func(n int64) time.Duration { return time.Duration(n) * time.Second }
	if err := p.CheckTime(v.Clock, seconds(v.Rules.Leeway), seconds(v.Rules.MaxLife)); err != nil {
		return nil, err
	}
	if !v.Rules.BindingRequired {
		return p, nil
	}
	_, err = p.CheckProof(credential.ProofRules{
		Audiences: v.Rules.Audiences,
		Nonce:     v.Rules.Nonce,
		Now:       v.Clock,
		MaxAge:    seconds(v.Rules.MaxAge),
		MaxAhead:  seconds(v.Rules.MaxAhead),
	})
	return p, err
}

func TestVectors_HaveTheExpectedCodeAndClaims(t *testing.T) {
	files, err := credentialtest.ReadVectors(vectorDirectory)
	if err != nil {
		t.Fatal(err)
	}
	accepted, refused := 0, 0
	for _, file := range files {
		for _, v := range file.Vectors {
			if v.Expect.Code == "" {
				accepted++
			} else {
				refused++
			}
			t.Run(file.Group+"/"+v.ID, func(t *testing.T) {
				t.Parallel()
				p, err := judge(file, v)
				if got := code.Of(err); got != v.Expect.Code {
					t.Fatalf("code %q (%v), want %q: %s", got, err, v.Expect.Code, v.Comment)
				}
				if err != nil {
					return
				}
				got, want := asJSON(t, credentialtest.NewVectorClaims(p.Claims)), asJSON(t, v.Expect.Claims)
				if got != want {
					t.Errorf("claims\n got %s\nwant %s", got, want)
				}
			})
		}
	}
	if accepted < 12 || refused < 130 {
		t.Errorf("%d accepted and %d refused vectors: some were lost", accepted, refused)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestVectorFiles_AreReadStrictly(t *testing.T) {
	const good = `{"group":"x","description":"x","keys":{"k":[]},"vectors":[{"id":"a","comment":"c","input":"","keys":"k",` +
		`"clock":"2026-11-23T08:00:00Z","rules":{"binding_required":true,"audiences":[],"nonce":"","max_age":1,"max_ahead":1,"leeway":1,"max_life":1},` +
		`"expect":{"code":"token_malformed"}}]}`
	if _, err := credentialtest.ParseVectors([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a member nobody knows": {`"comment"`, `"note":"","comment"`},
		"a rule nobody knows":   {`"max_age"`, `"max_agee"`},
		"no comment":            {`"c"`, `""`},
		"unknown keys":          {`"keys":"k"`, `"keys":"K"`},
		"no expectation":        {`"token_malformed"`, `""`},
		"two expectations":      {`"token_malformed"`, `"token_malformed","claims":{}`},
		"data behind":           {`]}`, `]}`},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if name == "data behind" {
			text = good + "{}"
		}
		if _, err := credentialtest.ParseVectors([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestVectors_Update makes the vectors that are not there yet. What was
// published is never made again: a later release must answer it as before.
func TestVectors_Update(t *testing.T) {
	made := []credentialtest.VectorFile{
		newMaker(t, "a-header", "Protected header and envelope.").headers(),
		newMaker(t, "b-claims", "Claims of the issuer-signed JWT.").claimsCases(),
		newMaker(t, "c-disclosures", "Selective disclosure (RFC 9901).").disclosureCases(),
		newMaker(t, "d-proof", "The holder's key-binding JWT.").proofs(),
	}
	for _, file := range made {
		name := filepath.Join(vectorDirectory, file.Group+".json")
		frozen := credentialtest.VectorFile{}
		if text, err := os.ReadFile(name); err == nil {
			if frozen, err = credentialtest.ParseVectors(text); err != nil {
				t.Fatal(err)
			}
		}
		missing := absent(frozen, file)
		if len(missing) > 0 && !*update {
			t.Errorf("%s lacks %d vectors, the first is %s: run go test ./credential -run Vectors -update", name, len(missing), missing[0].ID)
			continue
		}
		file.Vectors = append(frozen.Vectors, missing...)
		if len(missing) > 0 {
			writeVectors(t, name, file)
		}
	}
}

func absent(frozen, made credentialtest.VectorFile) []credentialtest.Vector {
	there := make(map[string]bool)
	for _, v := range frozen.Vectors {
		there[v.ID] = true
	}
	var missing []credentialtest.Vector
	for _, v := range made.Vectors {
		if !there[v.ID] {
			missing = append(missing, v)
		}
	}
	return missing
}

func writeVectors(t *testing.T, name string, file credentialtest.VectorFile) {
	t.Helper()
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(file); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
