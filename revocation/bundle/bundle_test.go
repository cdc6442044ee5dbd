package bundle_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

func TestOpen_GivesBackWhatWasSealed(t *testing.T) {
	t.Parallel()
	want := sample(t)
	got, err := bundle.Open(seal(t, want), rules(t))
	if err != nil {
		t.Fatal(err)
	}
	if got.Root != root(t) || got.Issuer != want.Issuer || got.Customer != want.Customer || got.Number != want.Number ||
		!got.IssuedAt.Equal(want.IssuedAt) || !got.Expires.Equal(want.Expires) || got.MaxStatusAge != want.MaxStatusAge ||
		!bytes.Equal(got.Trust, want.Trust) {
		t.Errorf("opened %+v, sealed %+v", got.Manifest, want.Manifest)
	}
	if !slices.Equal(got.Lists, want.Lists) || len(got.Portraits) != 1 || !bytes.Equal(got.Portraits[0], want.Portraits[0]) {
		t.Error("other parts came out than were put in")
	}
}

func TestOpen_RefusesWhatIsNotForUsHereAndNow(t *testing.T) {
	t.Parallel()
	text := seal(t, sample(t))
	expires := sample(t).Expires
	other, err := bundle.FingerprintOf(credentialtest.NewKey("other root").PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*bundle.Rules)
		want   code.Code // empty: it is taken
		says   string
	}{
		"another root":         {func(r *bundle.Rules) { r.Root = other }, code.BundleInvalid, "the pinned one is " + other.String()},
		"no root":              {func(r *bundle.Rules) { r.Root = bundle.Fingerprint{} }, code.BundleInvalid, "no root key is pinned"},
		"no time":              {func(r *bundle.Rules) { r.Now = time.Time{} }, code.BundleInvalid, "the time is not known"},
		"another customer":     {func(r *bundle.Rules) { r.Customer = "plant-8" }, code.BundleNotForUs, `for the customer "plant-7"`},
		"no name of our own":   {func(r *bundle.Rules) { r.Customer = "" }, code.BundleNotForUs, "plant-7"},
		"another issuer":       {func(r *bundle.Rules) { r.Issuer = "https://other.example" }, code.BundleNotForUs, issuerURL},
		"the issuer":           {func(r *bundle.Rules) { r.Issuer = issuerURL }, "", ""},
		"held before":          {func(r *bundle.Rules) { r.Floor = 41 }, "", ""},
		"older than held":      {func(r *bundle.Rules) { r.Floor = 42 }, code.BundleRollback, "bundle 41 is older than bundle 42"},
		"the last moment":      {func(r *bundle.Rules) { r.Now = expires.Add(-time.Nanosecond) }, "", ""},
		"past its time":        {func(r *bundle.Rules) { r.Now = expires }, code.BundleStale, "expired at 2026-12-23"},
		"past it, held":        {func(r *bundle.Rules) { r.Now, r.AllowStale = expires, true }, "", ""},
		"before its time":      {func(r *bundle.Rules) { r.Now = sample(t).IssuedAt.Add(-time.Hour) }, "", ""},
		"older, and past time": {func(r *bundle.Rules) { r.Floor, r.AllowStale = 42, true }, code.BundleRollback, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := rules(t)
			c.change(&asked)
			got, err := bundle.Open(text, asked)
			if c.want == "" && err != nil {
				t.Fatal(err)
			}
			if c.want != "" {
				wantRefused(t, err, c.want, c.says)
				if got != nil {
					t.Error("something was returned with the error")
				}
			}
		})
	}
}

func TestOpen_TakesABundleForAnybodyUnderAnyName(t *testing.T) {
	t.Parallel()
	b := sample(t)
	b.Customer = ""
	for _, customer := range []string{"", "plant-7"} {
		asked := rules(t)
		asked.Customer = customer
		if _, err := bundle.Open(seal(t, b), asked); err != nil {
			t.Errorf("as %q: %v", customer, err)
		}
	}
}

// TestOpen_RefusesEveryFlippedByte: each byte of a bundle is one that the signature
// covers, by itself or by a hash.
func TestOpen_RefusesEveryFlippedByte(t *testing.T) {
	t.Parallel()
	text := []byte(seal(t, sample(t)))
	for i := range text {
		for _, flip := range []byte{1, 0x20, 0x80} {
			changed := bytes.Clone(text)
			changed[i] ^= flip
			if b, err := bundle.Open(string(changed), rules(t)); code.Of(err) != code.BundleInvalid || b != nil {
				t.Fatalf("byte %d (%q) changed to %q: %v", i, text[i], changed[i], err)
			}
		}
	}
	for i := range text {
		if _, err := bundle.Open(string(text[:i]), rules(t)); code.Of(err) != code.BundleInvalid {
			t.Fatalf("the first %d bytes: %v", i, err)
		}
	}
}

func TestOpen_SaysWhatHappenedToTheFile(t *testing.T) {
	t.Parallel()
	text := seal(t, sample(t))
	parts := strings.SplitAfter(text, "\n")
	for name, c := range map[string]struct{ text, says string }{
		"empty":           {"", "cut off, or no bundle"},
		"no bundle":       {"hello\n", "not three segments"},
		"line ends":       {strings.ReplaceAll(text, "\n", "\r\n"), "transfer it as binary"},
		"parts missing":   {parts[0], "part 1 is cut off"},
		"last one cut":    {strings.TrimSuffix(text, "\n"), "part 3 is cut off"},
		"parts exchanged": {parts[0] + parts[2] + parts[1] + parts[3], "part 1"},
		"one more":        {text + "x\n", "2 bytes behind the last part"},
		"a status list":   {parts[1], "no kid beside a jwk"},
	} {
		_, err := bundle.Open(c.text, rules(t))
		t.Run(name, func(t *testing.T) { wantRefused(t, err, code.BundleInvalid, c.says) })
	}
}

func TestOpen_BoundsTheSize(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", bundle.MaxSize)
	_, err := bundle.Open(long, rules(t))
	wantRefused(t, err, code.BundleInvalid, "cut off, or no bundle")
	_, err = bundle.Open(long+"a", rules(t))
	wantRefused(t, err, code.BundleInvalid, fmt.Sprintf("at most %d are taken", bundle.MaxSize))
	_, err = bundle.Open(long[:bundle.MaxManifest+1]+"\n", rules(t))
	wantRefused(t, err, code.BundleInvalid, fmt.Sprintf("%d bytes, at most %d", bundle.MaxManifest+1, bundle.MaxManifest))
}

func TestOpenManifest_NeedsNoParts(t *testing.T) {
	t.Parallel()
	text := seal(t, sample(t))
	line, _, _ := strings.Cut(text, "\n")
	b, err := bundle.OpenManifest(line, rules(t))
	if err != nil || b.Number != 41 || len(b.Parts) != 3 || b.Lists != nil {
		t.Errorf("%+v, %v", b, err)
	}
	_, err = bundle.OpenManifest(text, rules(t))
	wantRefused(t, err, code.BundleInvalid, "more than one line")
	asked := rules(t)
	asked.Floor = 42
	_, err = bundle.OpenManifest(line, asked)
	wantRefused(t, err, code.BundleRollback, "")
}

func TestInspect_NamesTheKeyAndJudgesNothing(t *testing.T) {
	t.Parallel()
	text := seal(t, sample(t))
	b, err := bundle.Inspect(text)
	if err != nil || b.Root != root(t) || b.Customer != "plant-7" {
		t.Errorf("%+v, %v", b, err)
	}
	// What it reads is at least signed by the key that it names.
	line, rest, _ := strings.Cut(text, "\n")
	segments := strings.Split(line, ".")
	forged := strings.Join([]string{segments[0], reencode(t, segments[1], `"number":41`, `"number":42`), segments[2]}, ".")
	_, err = bundle.Inspect(forged + "\n" + rest)
	wantRefused(t, err, code.BundleInvalid, "not signed by this key")
}

func reencode(t *testing.T, segment, old, with string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil || !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s: %v", text, err)
	}
	return base64.RawURLEncoding.EncodeToString(bytes.Replace(text, []byte(old), []byte(with), 1))
}

// TestSeal_SignsNothingThatOpenRefuses has each rule of a manifest at its bound and
// one beyond.
func TestSeal_SignsNothingThatOpenRefuses(t *testing.T) {
	t.Parallel()
	const life = 30 * 24 * time.Hour
	trust := func(size int) json.RawMessage {
		entry := `{"issuer":"` + issuerURL + `","name":""}`
		return json.RawMessage(strings.Replace(entry, `""`, `"`+strings.Repeat("n", size-len(entry))+`"`, 1))
	}
	for name, c := range map[string]struct {
		change func(*bundle.Bundle)
		says   string // empty: it is taken
	}{
		"number 0":            {func(b *bundle.Bundle) { b.Number = 0 }, "number is not a positive integer"},
		"largest number":      {func(b *bundle.Bundle) { b.Number = 1<<53 - 1 }, ""},
		"too large a number":  {func(b *bundle.Bundle) { b.Number = 1 << 53 }, "number is not a positive integer"},
		"longest customer":    {func(b *bundle.Bundle) { b.Customer = strings.Repeat("c", bundle.MaxCustomer) }, ""},
		"too long a customer": {func(b *bundle.Bundle) { b.Customer = strings.Repeat("c", bundle.MaxCustomer+1) }, "at most 128"},
		"no issuer":           {func(b *bundle.Bundle) { b.Issuer = "" }, "iss is not a string"},
		"another's trust":     {func(b *bundle.Bundle) { b.Trust = json.RawMessage(`{"issuer":"https://other.example"}`) }, "trust is about"},
		"no trust":            {func(b *bundle.Bundle) { b.Trust = nil }, "trust"},
		"trust of no issuer":  {func(b *bundle.Bundle) { b.Trust = json.RawMessage(`{}`) }, "not an issuer's entry"},
		"trust twice":         {func(b *bundle.Bundle) { b.Trust = json.RawMessage(`{"issuer":"a","issuer":"b"}`) }, "strict JSON"},
		"largest trust":       {func(b *bundle.Bundle) { b.Trust = trust(bundle.MaxTrust) }, ""},
		"too large a trust":   {func(b *bundle.Bundle) { b.Trust = trust(bundle.MaxTrust + 1) }, "trust has"},
		"longest life":        {func(b *bundle.Bundle) { b.Expires = b.IssuedAt.Add(bundle.MaxLife) }, ""},
		"too long a life":     {func(b *bundle.Bundle) { b.Expires = b.IssuedAt.Add(bundle.MaxLife + time.Second) }, "after iat"},
		"no life":             {func(b *bundle.Bundle) { b.Expires = b.IssuedAt }, "after iat"},
		"status for its life": {func(b *bundle.Bundle) { b.MaxStatusAge = life }, ""},
		"status for longer":   {func(b *bundle.Bundle) { b.MaxStatusAge = life + time.Second }, "max_status_age"},
		"status without end":  {func(b *bundle.Bundle) { b.MaxStatusAge = 0 }, "max_status_age comes with lists"},
		"fraction of second":  {func(b *bundle.Bundle) { b.MaxStatusAge = time.Millisecond }, "max_status_age comes with lists"},
		"limit without lists": {func(b *bundle.Bundle) { b.Lists = nil }, "max_status_age comes with lists"},
		"trust bundle":        {func(b *bundle.Bundle) { b.Lists, b.Portraits, b.MaxStatusAge = nil, nil, 0 }, ""},
		"list twice":          {func(b *bundle.Bundle) { b.Lists[1] = b.Lists[0] }, "twice"},
		"list of two lines":   {func(b *bundle.Bundle) { b.Lists[1].Token = "a\nb" }, "not a token"},
		"empty list":          {func(b *bundle.Bundle) { b.Lists[1].Token = "" }, "not a token"},
		"portrait twice":      {func(b *bundle.Bundle) { b.Portraits = append(b.Portraits, b.Portraits[0]) }, "a portrait twice"},
		"empty portrait":      {func(b *bundle.Bundle) { b.Portraits[0] = nil }, "0 bytes"},
		"largest portrait":    {func(b *bundle.Bundle) { b.Portraits[0] = make([]byte, bundle.MaxPortrait) }, ""},
		"too large a one":     {func(b *bundle.Bundle) { b.Portraits[0] = make([]byte, bundle.MaxPortrait+1) }, "portrait 1 has"},
		"most lists":          {func(b *bundle.Bundle) { b.Lists = many(bundle.MaxLists) }, ""},
		"too many lists":      {func(b *bundle.Bundle) { b.Lists = many(bundle.MaxLists + 1) }, "at most 1024"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := sample(t)
			c.change(&b)
			text, err := bundle.Seal(rootKey, b)
			if c.says != "" {
				wantRefused(t, err, code.BundleInvalid, c.says)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			asked := rules(t)
			asked.Customer = b.Customer
			if _, err := bundle.Open(text, asked); err != nil {
				t.Error(err)
			}
		})
	}
}

func many(n int) []bundle.List {
	lists := make([]bundle.List, n)
	for i := range lists {
		lists[i] = bundle.List{URI: listURI(i), IssuedAt: credentialtest.Now, Token: "a.b.c"}
	}
	return lists
}

func TestSeal_NeedsAP256Key(t *testing.T) {
	t.Parallel()
	if _, err := bundle.Seal(nil, sample(t)); err == nil || err.Error() != "bundle: no root key" {
		t.Errorf("error %v", err)
	}
}

// TestOpen_ReadsTheManifestStrictly signs manifests that Seal would not write.
func TestOpen_ReadsTheManifestStrictly(t *testing.T) {
	t.Parallel()
	line, _, _ := strings.Cut(seal(t, sample(t)), "\n")
	segments := strings.Split(line, ".")
	for name, c := range map[string]struct{ old, with, says string }{
		"unknown member":    {`"number":41`, `"number":41,"extra":1`, `unknown member "extra"`},
		"member twice":      {`"number":41`, `"number":41,"number":42`, "json_duplicate_name"},
		"number as text":    {`"number":41`, `"number":"41"`, "number is not a positive integer"},
		"fraction":          {`"number":41`, `"number":41.5`, "number is not a positive integer"},
		"no number":         {`"number":41,`, ``, "number is not a positive integer"},
		"empty customer":    {`"aud":"plant-7"`, `"aud":""`, "aud is not a string"},
		"customers":         {`"aud":"plant-7"`, `"aud":["plant-7"]`, "aud is not a string"},
		"limit wraps":       {`"max_status_age":604800`, `"max_status_age":9007199254740991`, "at most 31622400 are taken"},
		"time wraps":        {`"exp":`, `"exp":9007199254740991,"x":`, `unknown member "x"`},
		"unknown kind":      {`"kind":"portrait"`, `"kind":"song"`, `the kind "song"`},
		"portrait with uri": {`"kind":"portrait"`, `"kind":"portrait","uri":"u"`, `unknown member "uri"`},
		"short hash":        {`"sha256":"`, `"sha256":"AA","x":"`, "unknown member"},
		"parts are no list": {`"parts":[`, `"parts":1,"x":[`, "unknown member"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, err := base64.RawURLEncoding.DecodeString(segments[0])
			if err != nil {
				t.Fatal(err)
			}
			body, err := base64.RawURLEncoding.DecodeString(reencode(t, segments[1], c.old, c.with))
			if err != nil {
				t.Fatal(err)
			}
			forged, err := jose.Sign(rootKey, header, body)
			if err != nil {
				t.Fatal(err)
			}
			_, err = bundle.OpenManifest(forged, rules(t))
			wantRefused(t, err, code.BundleInvalid, c.says)
		})
	}
}

func TestSign_MakesTheBundleOfADraft(t *testing.T) {
	t.Parallel()
	draft, err := bundle.Draft(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := bundle.Sign(rootKey, draft)
	if err != nil {
		t.Fatal(err)
	}
	if text != seal(t, sample(t)) {
		t.Error("another bundle than Seal makes")
	}
	_, err = bundle.Open(draft, rules(t))
	wantRefused(t, err, code.BundleInvalid, "not three segments")
	lines := strings.SplitAfter(draft, "\n")
	for name, c := range map[string]struct{ text, says string }{
		"another part":   {lines[0] + lines[2] + lines[1] + lines[3], "part 1"},
		"a part missing": {lines[0], "part 1 is cut off"},
		"no manifest":    {"e30\n", "iss is not a string"},
		"no base64":      {"*\n", "the manifest"},
		"a bundle":       {text, "the manifest"},
		"cut off":        {"e30", "no draft"},
	} {
		signed, err := bundle.Sign(rootKey, c.text)
		t.Run(name, func(t *testing.T) { wantRefused(t, err, code.BundleInvalid, c.says) })
		if signed != "" {
			t.Errorf("%s: something was signed", name)
		}
	}
}
