package cyberbadge_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

var update = flag.Bool("update", false, "write the generated parts of docs/formats.md")

const formats = "docs/formats.md"

// Parts of the document stand between these lines and are made by this test, so
// that they can't fall behind the code.
const (
	partBegins = "<!-- made by formats_test.go: %s -->\n"
	partEnds   = "<!-- end -->\n"
)

func TestFormats_GeneratedPartsAreWhatTheCodeDoes(t *testing.T) {
	badge := exampleBadge(t)
	presentation := credentialtest.MustPresent(t, badge, credentialtest.Now)
	for _, part := range []struct{ name, text string }{
		{"badge header", jsonBlock(t, segment(t, badge, 0))},
		{"badge payload", jsonBlock(t, segment(t, badge, 1))},
		{"badge disclosures", disclosuresBlock(t, badge)},
		{"badge token", textBlock(badge)},
		{"proof", proofBlock(t, presentation)},
		{"list token", listBlock(t)},
		{"decision", jsonBlock(t, marshal(t, decide(t, presentation, revocation.Valid)))},
		{"denial", jsonBlock(t, marshal(t, decide(t, presentation, revocation.Suspended)))},
		{"codes", codesTable(t)},
		{"events", eventsTable(t)},
	} {
		t.Run(part.name, func(t *testing.T) { checkPart(t, part.name, part.text) })
	}
}

func checkPart(t *testing.T, name, want string) {
	t.Helper()
	document := readFile(t, formats)
	before, rest, begins := strings.Cut(document, fmt.Sprintf(partBegins, name))
	held, after, ends := strings.Cut(rest, partEnds)
	switch {
	case !begins || !ends:
		t.Fatalf("%s has no part %q", formats, name)
	case held == want:
	case !*update:
		t.Errorf("%s: the part %q is not what the code does; run: go test . -run Formats -update\nis:\n%s\nshould be:\n%s", formats, name, held, want)
	default:
		text := before + fmt.Sprintf(partBegins, name) + want + partEnds + after
		if err := os.WriteFile(formats, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormats_NameEveryReason(t *testing.T) {
	document := readFile(t, formats)
	for _, reason := range constants(t, "verifier/reason.go", "Reason") {
		if !strings.Contains(document, "| `"+reason.value+"` |") {
			t.Errorf("%s: the table of reasons lacks %s", formats, reason.value)
		}
	}
}

func TestFormats_NameEveryMemberOfADecision(t *testing.T) {
	document := readFile(t, formats)
	for _, name := range members(reflect.TypeFor[verifier.Decision]()) {
		if !strings.Contains(document, "`"+name+"`") {
			t.Errorf("%s: the decision's member %s is not explained", formats, name)
		}
	}
}

// TestFormats_CodesAreUnderTheReasonThatVerifiersGive reads the table as a
// reader would, so that a fault of the generator is noticed, too.
func TestFormats_CodesAreUnderTheReasonThatVerifiersGive(t *testing.T) {
	rows := codeRow.FindAllStringSubmatch(readFile(t, formats), -1)
	for _, row := range rows {
		c, reason := code.Code(row[1]), verifier.Reason(row[2])
		if got := verifier.ReasonFor(c); got != reason {
			t.Errorf("%s says %s is %s; a verifier gives %s", formats, c, reason, got)
		}
	}
	if want := len(constants(t, "credential/code/code.go", "Code")) - len(undecided); len(rows) != want {
		t.Errorf("%s lists %d codes of decisions, there are %d", formats, len(rows), want)
	}
}

var codeRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| `([a-z_]+)` \\|")

// undecided are the codes that no decision has: with the first an issuer refuses to
// sign, with the others a bundle is refused.
var undecided = []code.Code{
	code.ClaimNameInvalid, code.ClaimValueInvalid,
	code.BundleInvalid, code.BundleRollback, code.BundleNotForUs,
}

func codesTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| code | reason | what failed |\n|---|---|---|\n")
	for _, c := range constants(t, "credential/code/code.go", "Code") {
		reason := verifier.ReasonFor(code.Code(c.value))
		if reason == verifier.InternalError && c.value != string(code.Internal) {
			continue
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", c.value, reason, c.comment)
	}
	return b.String()
}

func eventsTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| kind | subject | detail |\n|---|---|---|\n")
	for _, kind := range constants(t, "issuer/store/event.go", "EventKind") {
		subject, detail, found := strings.Cut(kind.comment, "; ")
		if !found {
			t.Errorf("issuer/store/event.go does not say whose id the subject of %s is, and what is in its detail", kind.value)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", kind.value, subject, strings.ReplaceAll(detail, "|", "\\|"))
	}
	return b.String()
}

// constant is a constant of a closed set of strings.
type constant struct{ value, comment string }

// constants reads the constants of a type off the source. What follows one on
// its line says what it means; without that, the comment on the group does.
func constants(t *testing.T, path, typeName string) []constant {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var found []constant
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, s := range group.Specs {
			spec := s.(*ast.ValueSpec)
			name, ok := spec.Type.(*ast.Ident)
			if !ok || name.Name != typeName {
				continue
			}
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, constant{value, strings.TrimSpace(spec.Comment.Text())})
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no constants of type %s", path, typeName)
	}
	return found
}

// members returns the names that a struct's fields have as JSON, those of
// structs in it included.
func members(of reflect.Type) []string {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() {
		return nil
	}
	var names []string
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		names = append(names, members(field.Type)...)
	}
	return names
}

// exampleBadge is the same in every run: key, salts and signature are derived
// from fixed texts.
func exampleBadge(t *testing.T) string {
	t.Helper()
	return credentialtest.MustIssueBy(t, credentialtest.IssuerConfig("docs/formats.md"), credentialtest.Claims())
}

// decide makes the decision about the example with another status each time.
func decide(t *testing.T, presentation string, status revocation.Status) verifier.Decision {
	t.Helper()
	gate, err := verifier.New(verifier.Config{
		Trust: verifiertest.Trust(t),
		Now:   func() time.Time { return credentialtest.Now.Add(12 * time.Second) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gate.Close() })
	list := verifiertest.ListToken(t, credentialtest.ListURI, credentialtest.Now.Add(-20*time.Second), status)
	if err := gate.LoadList(credentialtest.IssuerURL, credentialtest.ListURI, list); err != nil {
		t.Fatal(err)
	}
	decision := gate.Verify(t.Context(), presentation, verifier.Request{Access: credential.Onsite, Site: "Plant 7"})
	decision.ID = "Q36L3RJT22IYOQDM2YT3C6XOPD" // random otherwise
	if status != revocation.Valid {
		decision.Badge = nil // shown once is enough
	}
	return decision
}

// listBlock shows a list of 64 entries in which 3 is revoked and 6 suspended.
func listBlock(t *testing.T) string {
	t.Helper()
	list, err := revocation.NewList(revocation.MinEntries)
	if err != nil {
		t.Fatal(err)
	}
	for index, status := range map[uint64]revocation.Status{3: revocation.Invalid, 6: revocation.Suspended} {
		if err := list.Set(index, status); err != nil {
			t.Fatal(err)
		}
	}
	text := verifiertest.SignList(t, credentialtest.ListURI, credentialtest.Now, list)
	return jsonBlock(t, segment(t, text, 0)) + jsonBlock(t, segment(t, text, 1))
}

func proofBlock(t *testing.T, presentation string) string {
	proof := presentation[strings.LastIndexByte(presentation, '~')+1:]
	return jsonBlock(t, segment(t, proof, 0)) + jsonBlock(t, segment(t, proof, 1))
}

func disclosuresBlock(t *testing.T, badge string) string {
	t.Helper()
	parts := strings.Split(badge, "~")
	var lines []string
	for _, d := range parts[1 : len(parts)-1] {
		lines = append(lines, string(decoded(t, d)))
	}
	return "```json\n" + strings.Join(lines, "\n") + "\n```\n"
}

// segment returns a decoded part of the JWT that a text begins with.
func segment(t *testing.T, text string, n int) []byte {
	t.Helper()
	jwt, _, _ := strings.Cut(text, "~")
	return decoded(t, strings.Split(jwt, ".")[n])
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jsonBlock keeps the order of members: it is the order on the wire.
func jsonBlock(t *testing.T, text []byte) string {
	t.Helper()
	var b strings.Builder
	indent(&b, json.RawMessage(text), "")
	return "```json\n" + b.String() + "\n```\n"
}

// maxLine is the longest array or object that stays on one line.
const maxLine = 100

// indent breaks lines only where one would be too long to read.
func indent(b *strings.Builder, text json.RawMessage, margin string) {
	elements, open, shut := elementsOf(text)
	if elements == nil || len(text)+len(margin) <= maxLine {
		b.Write(text)
		return
	}
	b.WriteString(open + "\n")
	for n, e := range elements {
		b.WriteString(margin + "  " + e.name)
		indent(b, e.value, margin+"  ")
		if n < len(elements)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(margin + shut)
}

type element struct {
	name  string // with its colon; empty in an array
	value json.RawMessage
}

func elementsOf(text json.RawMessage) (elements []element, open, shut string) {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	first, err := decoder.Token()
	delimiter, ok := first.(json.Delim)
	if err != nil || !ok {
		return nil, "", ""
	}
	for decoder.More() {
		var e element
		if delimiter == '{' {
			name, err := decoder.Token()
			if err != nil {
				return nil, "", ""
			}
			e.name = strconv.Quote(name.(string)) + ": "
		}
		if decoder.Decode(&e.value) != nil {
			return nil, "", ""
		}
		elements = append(elements, e)
	}
	if delimiter == '{' {
		return elements, "{", "}"
	}
	return elements, "[", "]"
}

func textBlock(text string) string {
	return "```\n" + text + "\n```\n"
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
