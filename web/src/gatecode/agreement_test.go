package gatecode_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/credential/qr"
)

// question is what answer.mjs reads: a code to unpack, or a presentation to pack.
type question struct {
	Code         *string `json:"code,omitempty"`
	Issuer       string  `json:"issuer"`
	Presentation string  `json:"presentation"`
}

// answer is a text, or the code of the error that there was instead.
type answer struct {
	Text   string    `json:"text"`
	Code   code.Code `json:"code"`
	Detail string    `json:"detail"`
}

// ask has TypeScript answer questions.
func ask(t *testing.T, questions []question) []answer {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "..", "node_modules", "fflate")); err != nil {
		t.Fatalf("what the pages are built of is not installed: run make test, or npm ci --ignore-scripts in web (%v)", err)
	}
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "answer.mjs")
	command.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node answer.mjs: %v\n%s", err, stderr.Bytes())
	}
	var answers []answer
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatalf("node answer.mjs: %v\n%.1000s", err, output)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// version15 is how many digits a QR code of version 15 at level L has room for
// after the page of credentialtest's issuer.
const version15 = 1188

func TestPack_IsUnpackedByGo(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	var questions []question
	for i := range 300 {
		issuer := []string{credentialtest.IssuerURL, credentialtest.IssuerURL, "", "https://other.example:8443/x"}[i%4]
		questions = append(questions, question{Issuer: issuer, Presentation: presentation(t, random, i%5 == 0)})
	}
	inTypeScript, inGo := 0, 0
	for i, a := range ask(t, questions) {
		q := questions[i]
		if text, err := qr.Unpack(a.Text); err != nil || text != q.Presentation {
			t.Fatalf("presentation %d: packed as %v, restores %q, %v, want %q", i, a, text, err, q.Presentation)
		}
		own, err := qr.Pack(q.Issuer, q.Presentation)
		if err != nil {
			t.Fatal(err)
		}
		inTypeScript, inGo = inTypeScript+len(a.Text), inGo+len(own)
		if len(a.Text) > len(own)*103/100 {
			t.Errorf("presentation %d: %d characters, in Go %d", i, len(a.Text), len(own))
		}
		if digits := len(a.Text) - strings.Index(a.Text, "#") - 1; i%20 == 0 && digits > version15 {
			t.Errorf("presentation %d: %d digits for the badge with every claim, want at most %d", i, digits, version15)
		}
	}
	t.Logf("all codes together have %d characters, in Go %d", inTypeScript, inGo)
}

// presentation is one of a badge of the profile: with every claim as the program
// has them, or with any claims that a badge can have.
func presentation(t *testing.T, random *rand.Rand, usual bool) string {
	t.Helper()
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	token := func() string {
		raw := make([]byte, 16)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	claims := credentialtest.Claims()
	claims.Subject, claims.Picture = token(), credentialtest.IssuerURL+"/pictures/"+token()
	claims.GivenName, claims.FamilyName = pick("Ursula", "Ana", "Jean"), pick("Eriksen", "Martin", "Okafor")
	claims.EmployeeNumber = fmt.Sprintf("%07d", random.IntN(1e7))
	claims.Status.Index = random.Uint64N(1 << 20)
	names := credential.Disclosable()
	proof := credential.Proof{Audience: credential.GateAudience, Nonce: token(), IssuedAt: credentialtest.Now.Add(time.Duration(random.IntN(8e4)) * time.Second)}
	if !usual {
		claims.GivenName, claims.FamilyName = pick("Zoë", "李", `Ann "Andy"`, "Ø"), pick("Rößler", "O'Brien", "de la Cruz", "Nguyễn")
		claims.EmployeeNumber = pick("", "7", "E-00417", "12345678901234567890")
		claims.Organization = pick("", "Vendor Services", "Müller Automation GmbH")
		claims.Role = pick("technician", "remote-support", "commissioning")
		claims.Training = claims.Training[:random.IntN(len(claims.Training)+1)]
		claims.Access = [][]credential.Access{{credential.Onsite}, {credential.Remote}, {credential.Onsite, credential.Remote}}[random.IntN(3)]
		proof.Audience = pick(credential.GateAudience, "https://verifier.example/1")
		names = slices.DeleteFunc(names, func(string) bool { return random.IntN(3) == 0 })
	}
	badge := credentialtest.MustIssueBy(t, credentialtest.IssuerConfig(token()), claims)
	names = slices.DeleteFunc(names, func(name string) bool {
		return !hasClaim(t, badge, name)
	})
	shown, err := credential.Disclose(badge, names...)
	if err != nil {
		t.Fatal(err)
	}
	if !usual && random.IntN(4) == 0 {
		return shown
	}
	return credentialtest.MustBind(t, shown, proof)
}

// hasClaim reports whether a badge has a disclosure of that name.
func hasClaim(t *testing.T, badge, name string) bool {
	t.Helper()
	_, _, disclosures, _ := credentialtest.Parts(t, badge)
	return slices.ContainsFunc(disclosures, func(text string) bool {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(raw, []byte(`,"`+name+`",`))
	})
}

// Presentations that are hardly any are refused with the same code, or packed so
// that Go unpacks them.
func TestPack_AgreesWithGo(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 3))
	var questions []question
	for _, g := range golden(t) {
		for range 60 {
			questions = append(questions, question{Issuer: credentialtest.IssuerURL, Presentation: mutatePresentation(random, g.Presentation)})
		}
	}
	packed, refused := 0, 0
	for i, a := range ask(t, questions) {
		q := questions[i]
		_, err := qr.Pack(q.Issuer, q.Presentation)
		var e *code.Error
		// At the limit of digits, one may fit what the other no longer does.
		if errors.As(err, &e) && (e.Code != code.FrameTooLarge || a.Text == "") {
			refused++
			if a.Code != e.Code || a.Text != "" {
				t.Errorf("%q\nin TypeScript: %v\nin Go: %v", q.Presentation, a, err)
			}
			continue
		}
		packed++
		if text, err := qr.Unpack(a.Text); err != nil || text != q.Presentation {
			t.Errorf("%q\npacked as %v\nrestores %q, %v", q.Presentation, a, text, err)
		}
	}
	t.Logf("%d packed, %d refused", packed, refused)
	if packed < len(questions)/4 || refused < len(questions)/20 {
		t.Errorf("unlikely mutations: %d packed, %d refused", packed, refused)
	}
}

// Mutations of codes are refused with the same code, or restore the same text.
func TestUnpack_AgreesWithGo(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2, 2))
	var questions []question
	for _, g := range golden(t) {
		for range 400 {
			mutated := mutate(t, random, g.Code)
			questions = append(questions, question{Code: &mutated})
		}
	}
	restored, refused := 0, map[code.Code]int{}
	for i, a := range ask(t, questions) {
		text, err := qr.Unpack(*questions[i].Code)
		var e *code.Error
		switch {
		case err == nil:
			restored++
			e = &code.Error{}
		case !errors.As(err, &e):
			t.Fatal(err)
		default:
			refused[e.Code]++
		}
		if a.Text != text || a.Code != e.Code {
			t.Errorf("%s\nin TypeScript: %v\nin Go: %q, %v", *questions[i].Code, a, text, err)
		}
	}
	t.Logf("%d restored, refused: %v", restored, refused)
	if restored < len(questions)/20 || refused[code.FrameMalformed] < len(questions)/20 || refused[code.FrameTooLarge] == 0 {
		t.Errorf("unlikely mutations: %d restored, refused: %v", restored, refused)
	}
}

type goldenCode struct{ Presentation, Code string }

func golden(t *testing.T) []goldenCode {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "credential", "qr", "testdata", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var codes []goldenCode
	if err := json.Unmarshal(data, &codes); err != nil {
		t.Fatal(err)
	}
	return codes
}
