package sdjwt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/sdjwt"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

func encode(format string, args ...any) string {
	return jose.Encoding.EncodeToString(fmt.Appendf(nil, format, args...))
}

func always(name string) bool { return name == "iss" || name == "cnf" }

func process(t testing.TB, payload string, disclosures ...string) (string, error) {
	t.Helper()
	v, err := strictjson.ParseString(payload)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := sdjwt.Process(v, disclosures, always)
	if err != nil && (claims.Members != nil || claims.Kind != strictjson.Null) {
		t.Errorf("%+v beside %v", claims, err)
	}
	return write(claims), err
}

// write is the claims as JSON, members in order of their names.
func write(v strictjson.Value) string {
	switch v.Kind {
	case strictjson.Null:
		return "null"
	case strictjson.String:
		return fmt.Sprintf("%q", v.Text)
	case strictjson.Array:
		var all []string
		for _, e := range v.Elements {
			all = append(all, write(e))
		}
		return "[" + strings.Join(all, ",") + "]"
	case strictjson.Object:
		var all []string
		for _, m := range v.Members {
			all = append(all, fmt.Sprintf("%q:%s", m.Name, write(m.Value)))
		}
		slices.Sort(all)
		return "{" + strings.Join(all, ",") + "}"
	}
	return v.Text
}

func TestProcess_PutsDisclosuresWhereTheirDigestsStand(t *testing.T) {
	t.Parallel()
	street := encode(`["s","street","Main St"]`)
	address := encode(`["s","address",{"_sd":[%q],"city":"X"}]`, sdjwt.Digest(street))
	name := encode(`["s","name","Max"]`)
	german, french := encode(`["s","DE"]`), encode(`["s","FR"]`)
	list := encode(`["s",["a",{"...":%q}]]`, sdjwt.Digest(german))
	for title, c := range map[string]struct {
		payload     string
		disclosures []string
		want        string
	}{
		"nothing to disclose":   {`{"iss":"x"}`, nil, `{"iss":"x"}`},
		"default algorithm":     {fmt.Sprintf(`{"_sd":[%q]}`, sdjwt.Digest(name)), []string{name}, `{"name":"Max"}`},
		"named algorithm":       {fmt.Sprintf(`{"_sd":[%q],"_sd_alg":"sha-256"}`, sdjwt.Digest(name)), []string{name}, `{"name":"Max"}`},
		"nothing disclosed":     {fmt.Sprintf(`{"_sd":[%q],"a":{"_sd":["x"]},"b":[{"...":"y"}]}`, sdjwt.Digest(name)), nil, `{"a":{},"b":[]}`},
		"inside an object":      {fmt.Sprintf(`{"person":{"_sd":[%q]}}`, sdjwt.Digest(name)), []string{name}, `{"person":{"name":"Max"}}`},
		"inside a disclosure":   {fmt.Sprintf(`{"_sd":[%q]}`, sdjwt.Digest(address)), []string{street, address}, `{"address":{"city":"X","street":"Main St"}}`},
		"parent only":           {fmt.Sprintf(`{"_sd":[%q]}`, sdjwt.Digest(address)), []string{address}, `{"address":{"city":"X"}}`},
		"elements in order":     {fmt.Sprintf(`{"n":[{"...":%q},"US",{"...":%q}]}`, sdjwt.Digest(german), sdjwt.Digest(french)), []string{french, german}, `{"n":["DE","US","FR"]}`},
		"one element of two":    {fmt.Sprintf(`{"n":[{"...":%q},{"...":%q}]}`, sdjwt.Digest(german), sdjwt.Digest(french)), []string{french}, `{"n":["FR"]}`},
		"array inside an array": {fmt.Sprintf(`{"n":[{"...":%q}]}`, sdjwt.Digest(list)), []string{german, list}, `{"n":[["a","DE"]]}`},
		"objects in an array":   {fmt.Sprintf(`{"n":[{"_sd":[%q]},{"x":1}]}`, sdjwt.Digest(name)), []string{name}, `{"n":[{"name":"Max"},{"x":1}]}`},
		"always disclosed name below the top": {fmt.Sprintf(`{"a":{"_sd":[%q]}}`, sdjwt.Digest(encode(`["s","iss","y"]`))),
			[]string{encode(`["s","iss","y"]`)}, `{"a":{"iss":"y"}}`},
	} {
		if got, err := process(t, c.payload, c.disclosures...); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", title, got, err)
		}
	}
}

func TestProcess_RefusesAPayloadThatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{"[]", "null", `"x"`, "7"} {
		if _, err := process(t, payload); code.Of(err) != code.ClaimType {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestProcess_RefusesDigestsInsideWhatIsAlwaysDisclosed(t *testing.T) {
	t.Parallel()
	name := encode(`["s","name","Max"]`)
	for _, payload := range []string{
		`{"cnf":{"_sd":[]}}`, `{"cnf":{"jwk":{"_sd":["x"]}}}`, `{"cnf":[{"...":"x"}]}`, `{"cnf":{"a":[[{"...":"x"}]]}}`, fmt.Sprintf(`{"cnf":{"_sd":[%q]}}`, sdjwt.Digest(name)),
	} {
		var shown []string
		if strings.Contains(payload, sdjwt.Digest(name)) {
			shown = []string{name}
		}
		if _, err := process(t, payload, shown...); code.Of(err) != code.SDClaimForbidden {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestProcess_RefusesADisclosureThatNothingRefersTo(t *testing.T) {
	t.Parallel()
	name := encode(`["s","name","Max"]`)
	other := encode(`["t","name","Max"]`) // the same claim under another salt
	for _, payload := range []string{`{}`, `{"_sd":[]}`, fmt.Sprintf(`{"_sd":[%q]}`, sdjwt.Digest(other)), fmt.Sprintf(`{"name":%q}`, sdjwt.Digest(name))} {
		if _, err := process(t, payload, name); code.Of(err) != code.SDDisclosureUnreferenced {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestProcess_RefusesOneDigestInTwoPlaces(t *testing.T) {
	t.Parallel()
	name := encode(`["s","name","Max"]`)
	digest := sdjwt.Digest(name)
	for _, payload := range []string{
		fmt.Sprintf(`{"_sd":[%q,%q]}`, digest, digest), fmt.Sprintf(`{"_sd":[%q],"a":{"_sd":[%q]}}`, digest, digest), fmt.Sprintf(`{"a":{"_sd":[%q]},"b":{"_sd":[%q]}}`, digest, digest), `{"_sd":["decoy","decoy"]}`, `{"a":[{"...":"d"},{"...":"d"}]}`,
	} {
		var shown []string
		if strings.Contains(payload, digest) {
			shown = []string{name}
		}
		if _, err := process(t, payload, shown...); code.Of(err) != code.SDDigestDuplicate {
			t.Errorf("%s: %v", payload, err)
		}
	}
	if _, err := process(t, fmt.Sprintf(`{"_sd":[%q]}`, digest), name, name); code.Of(err) != code.SDDigestDuplicate {
		t.Errorf("the disclosure twice: %v", err)
	}
}

func TestProcess_BoundsTheDepthThatDisclosuresAddUpTo(t *testing.T) {
	t.Parallel()
	// Each of n flat disclosures is an object, or an array, inside the one before.
	objects := func(n int) (string, []string) {
		value, all := "{}", []string(nil)
		for range n {
			d := encode(`["s","x",%s]`, value)
			all = append(all, d)
			value = fmt.Sprintf(`{"_sd":[%q]}`, sdjwt.Digest(d))
		}
		return value, all
	}
	arrays := func(n int) (string, []string) {
		value, all := "[]", []string(nil)
		for range n - 1 {
			d := encode(`["s",%s]`, value)
			all = append(all, d)
			value = fmt.Sprintf(`[{"...":%q}]`, sdjwt.Digest(d))
		}
		return `{"x":` + value + `}`, all
	}
	for name, nest := range map[string]func(int) (string, []string){"objects": objects, "arrays": arrays} {
		payload, disclosures := nest(strictjson.MaxDepth - 1)
		if _, err := process(t, payload, disclosures...); err != nil {
			t.Errorf("%s at the bound: %v", name, err)
		}
		payload, disclosures = nest(strictjson.MaxDepth)
		if _, err := process(t, payload, disclosures...); code.Of(err) != code.JSONTooDeep {
			t.Errorf("%s one level deeper: %v", name, err)
		}
	}
}

func TestParseDisclosure_RefusesOtherShapes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]code.Code{
		`[]`: code.SDDisclosureMalformed, `["s"]`: code.SDDisclosureMalformed, `["s","n","v","x"]`: code.SDDisclosureMalformed, `{"s":"n"}`: code.SDDisclosureMalformed, `"s"`: code.SDDisclosureMalformed, `[1,"n","v"]`: code.SDDisclosureMalformed, `["s",1,"v"]`: code.SDDisclosureMalformed,
		`["s","_sd","v"]`: code.SDClaimForbidden, `["s","...","v"]`: code.SDClaimForbidden, `["s","\u005fsd","v"]`: code.SDClaimForbidden, `["s","n","v"`: code.JSONInvalid, ``: code.JSONInvalid, `["s","n",{"a":1,"a":1}]`: code.JSONDuplicateName,
	} {
		if d, err := sdjwt.ParseDisclosure(encode("%s", text)); code.Of(err) != want || d.Salt != "" || d.Name != "" {
			t.Errorf("%s is %+v, %v", text, d, err)
		}
	}
	for _, text := range []string{"=", "AB", "A A", "A\n"} {
		if _, err := sdjwt.ParseDisclosure(text); code.Of(err) != code.TokenMalformed {
			t.Errorf("%q: %v", text, err)
		}
	}
}
