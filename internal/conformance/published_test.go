package conformance_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// The examples of RFC 9901 and of the SD-JWT VC draft have another typ and
// other claims than a badge, so they are read below the badge's profile.

var drafts = flag.String("drafts", "", "directory with rendered drafts (*.txt) of oauth-wg whose examples are to be verified, too")

// issuerJWK is the key of all examples: RFC 9901, appendix A.5.
const issuerJWK = `{"kty":"EC","crv":"P-256","x":"b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ","y":"Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"}`

// example verifies a published SD-JWT, its disclosures and its proof, and
// returns the claims free of digests.
func example(text string) (claims strictjson.Value, bound bool, err error) {
	parts, err := sdjwt.Split(text)
	if err != nil {
		return claims, false, err
	}
	payload, err := published(parts.JWT, mustKey())
	if err != nil {
		return claims, false, err
	}
	if claims, err = sdjwt.Process(payload, parts.Disclosures, func(string) bool { return false }); err != nil {
		return claims, false, err
	}
	if parts.KeyBinding == "" {
		return claims, false, nil
	}
	cnf, _ := claims.Member("cnf")
	jwk, _ := cnf.Member("jwk")
	holder, err := jose.ParseKey(jwk)
	if err != nil {
		return claims, true, err
	}
	proof, err := jose.ParseCompact(parts.KeyBinding, sdjwt.MaxSize, jose.HeaderPolicy{Type: "kb+jwt"})
	if err != nil {
		return claims, true, err
	}
	if err := proof.Verify(holder); err != nil {
		return claims, true, err
	}
	said, err := strictjson.Parse(proof.Payload)
	if err != nil {
		return claims, true, err
	}
	if hash, _ := said.Member("sd_hash"); hash.Text != sdjwt.Digest(parts.Bound) {
		return claims, true, code.Refuse(code.ProofHash, "sd_hash %q", hash.Text)
	}
	return claims, true, nil
}

// published reads an issuer-signed JWT of whichever typ it says.
func published(text string, key json.RawMessage) (strictjson.Value, error) {
	header, err := jose.DecodeSegment(strings.SplitN(text, ".", 2)[0])
	if err != nil {
		return strictjson.Value{}, err
	}
	v, err := strictjson.Parse(header)
	if err != nil {
		return strictjson.Value{}, err
	}
	typ, _ := v.Member("typ")
	token, err := jose.ParseCompact(text, sdjwt.MaxSize, jose.HeaderPolicy{Type: typ.Text, AllowChain: true})
	if err != nil {
		return strictjson.Value{}, err
	}
	public, err := parseKey(key)
	if err != nil {
		return strictjson.Value{}, err
	}
	if err := token.Verify(public); err != nil {
		return strictjson.Value{}, err
	}
	return strictjson.Parse(token.Payload)
}

func mustKey() json.RawMessage { return json.RawMessage(issuerJWK) }

// changed are texts that must not verify, made from one that does.
func changed(text string) map[string]string {
	parts, err := sdjwt.Split(text)
	if err != nil {
		return nil
	}
	all := map[string]string{
		"a signature of another key": strings.Replace(text, parts.JWT, parts.JWT[:len(parts.JWT)-86]+strings.Repeat("A", 86), 1),
		"a foreign disclosure":       strings.Replace(text, "~", "~WyJzYWx0IiwiYWRtaW4iLHRydWVd~", 1),
	}
	if len(parts.Disclosures) > 0 && parts.KeyBinding != "" {
		all["a disclosure removed after binding"] = strings.Replace(text, "~"+parts.Disclosures[0]+"~", "~", 1)
	}
	if len(parts.Disclosures) > 0 {
		all["a disclosure twice"] = strings.Replace(text, "~"+parts.Disclosures[0]+"~", "~"+parts.Disclosures[0]+"~"+parts.Disclosures[0]+"~", 1)
	}
	return all
}

func mustRefuseChanges(t *testing.T, text string) {
	t.Helper()
	for name, other := range changed(text) {
		if _, _, err := example(other); code.Of(err) == "" || code.Of(err) == code.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The package of the peer ships one example of the draft with its own tests.
func TestPublished_ExampleInThePeersTests(t *testing.T) {
	t.Parallel()
	name := filepath.Join("npm", "node_modules", "@sd-jwt", "core", "src", "test", "index.spec.ts")
	source, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("the JavaScript peers are not installed: run make test, or npm ci --ignore-scripts in internal/conformance/npm (%v)", err)
	}
	text := string(regexp.MustCompile(`eyJhbGciOiAiRVMyNTYi[\w.~-]{500,}`).Find(source))
	claims, bound, err := example(text)
	if err != nil || !bound {
		t.Fatalf("bound %t: %v", bound, err)
	}
	for member, want := range map[string]string{"iss": "https://example.com/issuer", "vct": "https://credentials.example.com/identity_credential"} {
		if got, _ := claims.Member(member); got.Text != want {
			t.Errorf("%s is %q", member, got.Text)
		}
	}
	if _, left := claims.Member("_sd"); left {
		t.Error("digests are left in the claims")
	}
	mustRefuseChanges(t, text)
}

func TestPublished_Drafts(t *testing.T) {
	if *drafts == "" {
		t.Skip("the rendered drafts are no part of this repository: pass their directory with -drafts")
	}
	names, err := filepath.Glob(filepath.Join(*drafts, "draft-*.txt"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no drafts in %s: %v", *drafts, err)
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tokens, proofs, compared := 0, 0, 0
		for _, found := range tokensOf(string(source)) {
			tokens++
			if !strings.Contains(found.text, "~") {
				if _, err := published(found.text, mustKey()); err != nil {
					t.Errorf("%s, line %d: %v", name, found.line, err)
				}
				continue
			}
			claims, bound, err := example(found.text)
			if err != nil {
				t.Errorf("%s, line %d: %v", name, found.line, err)
				continue
			}
			mustRefuseChanges(t, found.text)
			if bound {
				proofs++
			}
			if found.processed == "" {
				continue
			}
			compared++
			var want any
			if err := json.Unmarshal([]byte(found.processed), &want); err != nil {
				t.Errorf("%s, line %d: the processed payload: %v", name, found.line, err)
			} else if got := plain(claims); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, line %d: claims\n got %v\nwant %v", name, found.line, got, want)
			}
		}
		t.Logf("%s: %d tokens, %d with a proof, %d compared with the processed payload", filepath.Base(name), tokens, proofs, compared)
		if tokens == 0 {
			t.Errorf("%s: no example found", name)
		}
	}
}

// foundToken is an example in the text of a draft.
type foundToken struct {
	text, processed string
	line            int
}

var tokenLine = regexp.MustCompile(`^[A-Za-z0-9_.~-]+$`)

// tokensOf finds the tokens, which are broken over indented lines, and behind
// each the processed payload where the draft prints it before the next token.
func tokensOf(source string) []foundToken {
	lines := strings.Split(source, "\n")
	var all []foundToken
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if !strings.HasPrefix(line, "eyJ") || len(line) < 60 || !tokenLine.MatchString(line) {
			if strings.Contains(line, "rocessed SD-JWT") && len(all) > 0 && all[len(all)-1].processed == "" {
				all[len(all)-1].processed = objectAfter(lines[i:])
			}
			continue
		}
		found := foundToken{line: i + 1}
		for ; i < len(lines) && tokenLine.MatchString(strings.TrimSpace(lines[i])); i++ {
			found.text += strings.TrimSpace(lines[i])
		}
		if strings.Count(found.text, ".") >= 2 {
			all = append(all, found)
		}
	}
	return all
}

// objectAfter is the first JSON object within the next lines.
func objectAfter(lines []string) string {
	for i, line := range lines[:min(12, len(lines))] {
		if strings.TrimSpace(line) != "{" {
			continue
		}
		var object json.RawMessage
		if json.NewDecoder(strings.NewReader(strings.Join(lines[i:], "\n"))).Decode(&object) == nil {
			return string(object)
		}
	}
	return ""
}

// plain is a value as encoding/json has it.
func plain(v strictjson.Value) any {
	switch v.Kind {
	case strictjson.Bool:
		return v.Text == "true"
	case strictjson.String:
		return v.Text
	case strictjson.Number:
		var n float64
		if json.Unmarshal([]byte(v.Text), &n) != nil {
			return nil
		}
		return n
	case strictjson.Array:
		all := make([]any, 0, len(v.Elements))
		for _, e := range v.Elements {
			all = append(all, plain(e))
		}
		return all
	case strictjson.Object:
		all := make(map[string]any, len(v.Members))
		for _, m := range v.Members {
			all[m.Name] = plain(m.Value)
		}
		return all
	}
	return nil
}
