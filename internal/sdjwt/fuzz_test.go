package sdjwt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// FuzzDisclosure: a disclosure that is read has one spelling, and discloses its
// own value, whole and nothing else, where its digest stands.
func FuzzDisclosure(f *testing.F) {
	for _, input := range vectorInputs(f) {
		for _, text := range strings.Split(input, "~") {
			f.Add(text)
		}
	}
	f.Add(encode(`["s","a",{"_sd":["x"],"b":[{"...":"y"},null]}]`))
	f.Fuzz(func(t *testing.T, text string) {
		d, err := sdjwt.ParseDisclosure(text)
		if err != nil {
			if code.Of(err) == code.Internal || d.Salt != "" || d.Name != "" {
				t.Errorf("%+v beside %v", d, err)
			}
			return
		}
		decoded, err := jose.DecodeSegment(text)
		if err != nil || jose.Encoding.EncodeToString(decoded) != text {
			t.Fatalf("%q is another spelling: %v", text, err)
		}
		payload, err := strictjson.ParseString(fmt.Sprintf(`{"a":{"_sd":[%q]}}`, sdjwt.Digest(text)))
		if err != nil {
			t.Fatal(err)
		}
		claims, err := sdjwt.Process(payload, []string{text}, always)
		if err != nil {
			if code.Of(err) == code.Internal || claims.Members != nil {
				t.Errorf("%+v beside %v", claims, err)
			}
			return
		}
		inner, _ := claims.Member("a")
		if len(inner.Members) != 1 || inner.Members[0].Name != d.Name {
			t.Fatalf("disclosed %s", write(claims))
		}
		if strings.Contains(write(claims), `"_sd":`) {
			t.Fatalf("digests left in %s", write(claims))
		}
		if plain := write(d.Value); !strings.Contains(plain, `"_sd`) && !strings.Contains(plain, `"..."`) && write(inner.Members[0].Value) != plain {
			t.Fatalf("disclosed %s instead of %s", write(claims), plain)
		}
	})
}

// FuzzSplit: the parts, joined again, are the text.
func FuzzSplit(f *testing.F) {
	for _, input := range vectorInputs(f) {
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := sdjwt.Split(text)
		if err != nil {
			if code.Of(err) == code.Internal || parts.JWT != "" || parts.Disclosures != nil || parts.KeyBinding != "" || parts.Bound != "" {
				t.Errorf("%+v beside %v", parts, err)
			}
			return
		}
		whole := strings.Join(append([]string{parts.JWT}, parts.Disclosures...), "~") + "~"
		if whole != parts.Bound || parts.Bound+parts.KeyBinding != text {
			t.Errorf("%q became %+v", text, parts)
		}
		if parts.JWT == "" || strings.Contains(parts.KeyBinding, "~") {
			t.Errorf("%+v", parts)
		}
	})
}

func vectorInputs(f *testing.F) []string {
	files, err := credentialtest.ReadVectors("../../credential/testdata/vectors")
	if err != nil {
		f.Fatal(err)
	}
	var inputs []string
	for _, file := range files {
		for i, v := range file.Vectors {
			if len(v.Input) < 4096 && (file.Group == "c-disclosures" || i%8 == 0) {
				inputs = append(inputs, v.Input)
			}
		}
	}
	return inputs
}
