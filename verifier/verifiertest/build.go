package verifiertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/credential/qr"
)

// recipe says how a presentation differs from an honest one.
type recipe struct {
	Issuer      string            `json:"issuer"` // another of the trust list's: "chain", "rival", "crowd" or "ended"
	Key         string            `json:"key"`    // name of the key that signs; the issuer's own when empty
	Chain       string            `json:"chain"`  // kind of x5c; see Chain
	Header      patch             `json:"header"`
	Payload     patch             `json:"payload"`
	Disclosures disclosuresRecipe `json:"disclosures"`
	Proof       proofRecipe       `json:"proof"`
	Damage      []damage          `json:"damage"` // to the finished text
	GateCode    bool              `json:"gate_code"`
	Prefix      string            `json:"prefix"` // before the text
	Suffix      string            `json:"suffix"` // behind it
	Repeat      int               `json:"repeat"` // how often the suffix stands there; once when zero
}

// patch changes a JSON object. In Set, "@name" stands for the id of the key of
// that name.
type patch struct {
	Set    map[string]json.RawMessage `json:"set"`
	Remove []string                   `json:"remove"`
	Extra  string                     `json:"extra"` // members behind the last one, even ones that are there already
	Raw    string                     `json:"raw"`   // the whole text instead
}

type disclosuresRecipe struct {
	Only    []string `json:"only"`    // claims that are shown; all of them when empty
	None    bool     `json:"none"`    // no claim is shown
	Add     []string `json:"add"`     // JSON texts of disclosures that the issuer signed
	Forge   []string `json:"forge"`   // JSON texts of disclosures that nobody signed
	Late    []string `json:"late"`    // the same, added after the holder's proof was made
	Twice   bool     `json:"twice"`   // the first one again
	Reverse bool     `json:"reverse"` // after the holder's proof was made
}

type proofRecipe struct {
	Omit     bool     `json:"omit"`
	Key      string   `json:"key"` // name of the key that signs; the holder's when empty
	Age      duration `json:"age"` // at the verifier's clock; negative for a phone that is ahead
	Audience string   `json:"audience"`
	Nonce    string   `json:"nonce"`
	Header   patch    `json:"header"`
	Payload  patch    `json:"payload"`
	Raw      string   `json:"raw"` // instead of the proof; "badge" for the issuer-signed JWT, "list" for a list token
}

func (r recipe) make(t testing.TB, now time.Time) string {
	t.Helper()
	header, payload, disclosures := r.badge(t)
	key := credentialtest.NewKey(r.signer())
	jwt := credentialtest.MustSign(t, key, header, payload)
	bound := credentialtest.Join(jwt, disclosures, "")
	text := bound + r.Proof.make(t, jwt, bound, now)
	text = r.Disclosures.tamper(text)
	for _, d := range r.Damage {
		text = d.apply(t, text)
	}
	if r.GateCode {
		code, err := qr.Pack(credentialtest.IssuerURL, text)
		if err != nil {
			t.Fatal(err)
		}
		text = code
	}
	return r.Prefix + text + strings.Repeat(r.Suffix, max(r.Repeat, 1))
}

func (r recipe) signer() string {
	own := map[string]string{"": "issuer", "chain": "chain issuer", "rival": "rival issuer", "crowd": "crowd one", "ended": "ended issuer"}
	if r.Key != "" {
		return r.Key
	}
	return own[r.Issuer]
}

// badge returns what the issuer would sign and the disclosures that go along.
func (r recipe) badge(t testing.TB) (header, payload string, disclosures []string) {
	t.Helper()
	claims := credentialtest.Claims()
	config := credentialtest.IssuerConfig("table of attacks")
	if r.Issuer != "" {
		config.URL = "https://badge." + r.Issuer + ".example"
		config.Key = credentialtest.NewKey(r.signer())
		config.KeyID = credentialtest.NewKey(r.signer()).ID()
		claims.Issuer, claims.Picture = config.URL, ""
		claims.PictureIntegrity = ""
		claims.Status.URI = config.URL + "/status-lists/1"
	}
	if r.Chain != "" {
		config.Chain = Chain(t, r.Chain)
	}
	badge := credentialtest.MustIssueBy(t, config, claims)
	header, payload, disclosures, _ = credentialtest.Parts(t, r.Disclosures.choose(t, badge))
	disclosures, payload = r.Disclosures.add(t, disclosures, payload)
	return r.Header.apply(t, header), r.Payload.apply(t, payload), disclosures
}

func (d disclosuresRecipe) choose(t testing.TB, badge string) string {
	t.Helper()
	if len(d.Only) == 0 && !d.None {
		return badge
	}
	chosen, err := credential.Disclose(badge, d.Only...)
	if err != nil {
		t.Fatal(err)
	}
	return chosen
}

// add appends disclosures and puts the digests of those that are signed into _sd.
func (d disclosuresRecipe) add(t testing.TB, disclosures []string, payload string) ([]string, string) {
	t.Helper()
	var digests []string
	for _, text := range d.Add {
		disclosure := credentialtest.Disclosure(text)
		disclosures = append(disclosures, disclosure)
		digests = append(digests, credentialtest.Digest(disclosure))
	}
	if len(digests) > 0 {
		payload = strings.Replace(payload, `"_sd":[`, `"_sd":["`+strings.Join(digests, `","`)+`",`, 1)
	}
	for _, text := range d.Forge {
		disclosures = append(disclosures, credentialtest.Disclosure(text))
	}
	if d.Twice {
		disclosures = append(disclosures, disclosures[0])
	}
	return disclosures, payload
}

// tamper changes the disclosures behind the holder's back.
func (d disclosuresRecipe) tamper(text string) string {
	parts := strings.Split(text, "~")
	jwt, disclosures, proof := parts[0], parts[1:len(parts)-1], parts[len(parts)-1]
	for _, late := range d.Late {
		disclosures = append(disclosures, credentialtest.Disclosure(late))
	}
	if d.Reverse {
		slices.Reverse(disclosures)
	}
	return credentialtest.Join(jwt, disclosures, proof)
}

func (p proofRecipe) make(t testing.TB, jwt, bound string, now time.Time) string {
	t.Helper()
	switch {
	case p.Omit:
		return ""
	case p.Raw == "badge":
		return jwt
	case p.Raw == "list":
		return listRecipe{}.make(t, now).Token
	case p.Raw != "":
		return p.Raw
	}
	payload, err := json.Marshal(map[string]any{
		"iat":     now.Add(-time.Duration(p.Age)).Unix(),
		"aud":     orElse(p.Audience, credential.GateAudience),
		"nonce":   orElse(p.Nonce, credentialtest.Nonce),
		"sd_hash": credentialtest.Digest(bound),
	})
	if err != nil {
		t.Fatal(err)
	}
	key := credentialtest.NewKey(orElse(p.Key, "holder"))
	header := `{"alg":"ES256","typ":"` + credential.ProofMediaType + `"}`
	return credentialtest.MustSign(t, key, p.Header.apply(t, header), p.Payload.apply(t, string(payload)))
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// apply keeps the text as it is when there is nothing to change.
func (p patch) apply(t testing.TB, text string) string {
	t.Helper()
	if p.Raw != "" {
		return p.Raw
	}
	if len(p.Set) > 0 || len(p.Remove) > 0 {
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &members); err != nil {
			t.Fatal(err)
		}
		for name, value := range p.Set {
			members[name] = keyID(t, value)
		}
		for _, name := range p.Remove {
			if members[name] == nil {
				t.Fatalf("verifiertest: no member %q to remove", name)
			}
			delete(members, name)
		}
		text = string(marshal(t, members))
	}
	if p.Extra != "" {
		text = strings.TrimSuffix(text, "}") + "," + p.Extra + "}"
	}
	return text
}

// keyID replaces "@name" by the id of the key of that name.
func keyID(t testing.TB, value json.RawMessage) json.RawMessage {
	t.Helper()
	name, isKey := strings.CutPrefix(string(value), `"@`)
	if !isKey {
		return value
	}
	return marshal(t, credentialtest.NewKey(strings.TrimSuffix(name, `"`)).ID())
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
