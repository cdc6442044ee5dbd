package revocation

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

const listURI = credentialtest.ListURI

var now = credentialtest.Now

// listKeys trusts credentialtest.ListKey for lists, and says of the key for badges
// that it is not for lists.
func listKeys(keyID string) (*ecdsa.PublicKey, error) {
	switch keyID {
	case credentialtest.ListKey.ID():
		return credentialtest.ListKey.PublicKey(), nil
	case credentialtest.IssuerKey.ID():
		return nil, code.Refuse(code.KeyNotForIssuer, "a key for badges")
	}
	return nil, code.Refuse(code.KeyUnknown, "kid %q", keyID)
}

func mustParse(t testing.TB, text string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func header() string {
	return `{"alg":"ES256","kid":"` + credentialtest.ListKey.ID() + `","typ":"statuslist+jwt"}`
}

// payloadWith is a good payload around what status_list holds.
func payloadWith(statusList string) string {
	return fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d,"ttl":60,"status_list":%s}`,
		listURI, now.Unix(), now.Add(24*time.Hour).Unix(), statusList)
}

func statusListOf(bits int, compressed []byte) string {
	return fmt.Sprintf(`{"bits":%d,"lst":%q}`, bits, jose.Encoding.EncodeToString(compressed))
}

func goodStatusList(t testing.TB) string {
	return statusListOf(2, deflate(t, make([]byte, 32), 6))
}

func deflate(t testing.TB, content []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, w, content)
	return b.Bytes()
}

func mustWrite(t testing.TB, w io.WriteCloser, content []byte) {
	t.Helper()
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func openPayload(t *testing.T, payload string) (Token, error) {
	t.Helper()
	return Open(credentialtest.MustSign(t, credentialtest.ListKey, header(), payload), listURI, listKeys)
}

func TestOpenReturnsWhatWasSigned(t *testing.T) {
	t.Parallel()
	list, err := NewList(1 << 10)
	if err != nil {
		t.Fatal(err)
	}
	for index, status := range map[uint64]Status{0: Invalid, 17: Suspended, 1023: Invalid} {
		if err := list.Set(index, status); err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := list.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := Token{URI: listURI, IssuedAt: now, Seq: MaxSeq, Expires: now.Add(24 * time.Hour), TTL: time.Minute}
	text, err := Signer{Key: credentialtest.ListKey, KeyID: credentialtest.ListKey.ID()}.Sign(want, encoded)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(text, listURI, listKeys)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.List.entries, list.entries) {
		t.Error("other entries")
	}
	got.List = nil
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOpenTakesTheTokenOfTheDraft(t *testing.T) {
	t.Parallel()
	vector := readDraft(t).Token
	key, err := credential.ParseJWK(vector.Key)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Open(vector.Text, vector.URI, func(string) (*ecdsa.PublicKey, error) { return key, nil })
	if err != nil {
		t.Fatal(err)
	}
	if token.IssuedAt.Unix() != 1686920170 || token.Expires.Unix() != 2291720170 || token.TTL != 43200*time.Second || token.List.Len() != 16 {
		t.Errorf("got %+v", token)
	}
}

func TestOpenTakesEveryLevelOfCompression(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte{0, 1, 2, 3, 0, 0, 0, 0}, 500)
	for level, secondByte := range map[int]byte{1: 0x01, 5: 0x5e, 6: 0x9c, 9: 0xda} {
		compressed := deflate(t, content, level)
		// Go writes the header of a few levels only; the others are as legal.
		compressed[1] = secondByte
		token, err := openPayload(t, payloadWith(statusListOf(2, compressed)))
		if err != nil {
			t.Errorf("level %d: %v", level, err)
		} else if !bytes.Equal(token.List.entries, content) {
			t.Errorf("level %d: other entries", level)
		}
	}
}

func TestOpenRefusesWhatNoTrustedKeySigned(t *testing.T) {
	t.Parallel()
	payload := payloadWith(goodStatusList(t))
	sign := func(key credentialtest.Key, header string) string {
		return credentialtest.MustSign(t, key, header, payload)
	}
	good := sign(credentialtest.ListKey, header())
	cut := strings.LastIndexByte(good, '.') + 1
	with := func(old, replacement string) string { return strings.Replace(header(), old, replacement, 1) }
	for name, text := range map[string]string{
		"no signature":                good[:cut],
		"alg none":                    sign(credentialtest.ListKey, with("ES256", "none"))[:cut],
		"alg none over a signature":   sign(credentialtest.ListKey, with("ES256", "none")),
		"alg HS256":                   sign(credentialtest.ListKey, with("ES256", "HS256")),
		"the key for badges":          sign(credentialtest.IssuerKey, with(credentialtest.ListKey.ID(), credentialtest.IssuerKey.ID())),
		"an unknown key":              sign(credentialtest.OtherKey, with(credentialtest.ListKey.ID(), "other")),
		"another key, the right name": sign(credentialtest.OtherKey, header()),
		"another payload":             good[:strings.IndexByte(good, '.')] + ".e30." + good[cut:],
		"63 bytes of signature":       good[:cut] + strings.Repeat("A", 84),
	} {
		_, err := Open(text, listURI, listKeys)
		if got := code.Of(err); got != code.StatusSignatureInvalid {
			t.Errorf("%s: got %q (%v)", name, got, err)
		}
	}
	_, err := Open(good, listURI, nil)
	wantCode(t, err, code.StatusSignatureInvalid)
	if _, err := Open(good, listURI, listKeys); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesOtherTokens(t *testing.T) {
	t.Parallel()
	payload := payloadWith(goodStatusList(t))
	for replacement, want := range map[string]code.Code{
		`"typ":"JWT"`:                          code.TypMismatch,
		`"typ":"dc+sd-jwt"`:                    code.TypMismatch,
		`"typ":"StatusList+JWT"`:               code.TypMismatch,
		`"typ":1`:                              code.HeaderType,
		`"typ":"statuslist+jwt","zip":"DEF"`:   code.HeaderForbidden,
		`"typ":"statuslist+jwt","crit":[]`:     code.CritUnsupported,
		`"typ":"statuslist+jwt","alg":"ES256"`: code.JSONDuplicateName,
	} {
		text := strings.Replace(header(), `"typ":"statuslist+jwt"`, replacement, 1)
		_, err := Open(credentialtest.MustSign(t, credentialtest.ListKey, text, payload), listURI, listKeys)
		wantCode(t, err, want)
	}
	badge, _, _ := strings.Cut(credentialtest.MustIssue(t, credentialtest.Claims()), "~")
	_, err := Open(badge, listURI, listKeys)
	wantCode(t, err, code.TypMismatch)
	for _, text := range []string{"", " ", "<html>", "a.b", "a.b.c.d", "\n"} {
		_, err := Open(text, listURI, listKeys)
		wantCode(t, err, code.TokenMalformed)
	}
}

func TestOpenRefusesClaims(t *testing.T) {
	t.Parallel()
	list := goodStatusList(t)
	for payload, want := range map[string]code.Code{
		`[]`: code.ClaimMissing,
		`{}`: code.ClaimMissing,
		`{"sub":"` + listURI + `/","iat":1,"status_list":` + list + `}`:                       code.StatusSubMismatch,
		`{"sub":"` + listURI + `?","iat":1,"status_list":` + list + `}`:                       code.StatusSubMismatch,
		`{"sub":"` + strings.ToUpper(listURI) + `","iat":1,"status_list":` + list + `}`:       code.StatusSubMismatch,
		`{"sub":["` + listURI + `"],"iat":1,"status_list":` + list + `}`:                      code.ClaimMissing,
		`{"sub":"` + listURI + `","status_list":` + list + `}`:                                code.ClaimMissing,
		`{"sub":"` + listURI + `","iat":0,"status_list":` + list + `}`:                        code.ClaimMissing,
		`{"sub":"` + listURI + `","iat":"1","status_list":` + list + `}`:                      code.ClaimMissing,
		`{"sub":"` + listURI + `","iat":1.5,"status_list":` + list + `}`:                      code.ClaimMissing,
		`{"sub":"` + listURI + `","iat":2,"exp":2,"status_list":` + list + `}`:                code.ClaimTimeInvalid,
		`{"sub":"` + listURI + `","iat":2,"exp":null,"status_list":` + list + `}`:             code.ClaimTimeInvalid,
		`{"sub":"` + listURI + `","iat":2,"ttl":0,"status_list":` + list + `}`:                code.ClaimType,
		`{"sub":"` + listURI + `","iat":2,"ttl":-1,"status_list":` + list + `}`:               code.ClaimType,
		`{"sub":"` + listURI + `","iat":2,"ttl":"60","status_list":` + list + `}`:             code.ClaimType,
		`{"sub":"` + listURI + `","iat":2,"seq":-1,"status_list":` + list + `}`:               code.ClaimType,
		`{"sub":"` + listURI + `","iat":2,"seq":1.5,"status_list":` + list + `}`:              code.ClaimType,
		`{"sub":"` + listURI + `","iat":2,"seq":"1","status_list":` + list + `}`:              code.ClaimType,
		`{"sub":"` + listURI + `","iat":2,"seq":9007199254740992,"status_list":` + list + `}`: code.ClaimType,
		`{"sub":"` + listURI + `","iat":2}`:                                                   code.ClaimMissing,
		`{"sub":"` + listURI + `","iat":2,"iat":3,"status_list":` + list + `}`:                code.JSONDuplicateName,
		`{"sub":"` + listURI + `","iat":2,"status_list":` + list + `}{}`:                      code.JSONInvalid,
		payloadWith(`[]`):                                 code.StatusEncoding,
		payloadWith(`{"bits":2}`):                         code.StatusEncoding,
		payloadWith(`{"lst":"eJwDAAAAAAE"}`):              code.StatusEncoding,
		payloadWith(`{"bits":2,"lst":""}`):                code.StatusEncoding,
		payloadWith(`{"bits":2,"lst":1}`):                 code.StatusEncoding,
		payloadWith(`{"bits":2,"lst":"eJw="}`):            code.StatusEncoding,
		payloadWith(`{"bits":2,"lst":"eJ\nw"}`):           code.StatusEncoding,
		payloadWith(strings.Replace(list, "2", "0", 1)):   code.StatusEncoding,
		payloadWith(strings.Replace(list, "2", "3", 1)):   code.StatusEncoding,
		payloadWith(strings.Replace(list, "2", "9", 1)):   code.StatusEncoding,
		payloadWith(strings.Replace(list, "2", "16", 1)):  code.StatusEncoding,
		payloadWith(strings.Replace(list, "2", `"2"`, 1)): code.StatusEncoding,
	} {
		_, err := openPayload(t, payload)
		if got := code.Of(err); got != want {
			t.Errorf("%.120s: got %q (%v), want %q", payload, got, err, want)
		}
	}
}

func TestANumberOfZeroIsLeftOut(t *testing.T) {
	t.Parallel()
	for seq, present := range map[uint64]bool{0: false, 1: true} {
		text, err := Signer{Key: credentialtest.ListKey, KeyID: credentialtest.ListKey.ID()}.Sign(
			Token{URI: listURI, IssuedAt: now, Seq: seq, Expires: now.Add(time.Hour), TTL: time.Minute}, mustEncode(t, &Encoder{}, listWith(t, 0)))
		if err != nil {
			t.Fatal(err)
		}
		payload, err := jose.DecodeSegment(strings.Split(text, ".")[1])
		if err != nil || strings.Contains(string(payload), `"seq"`) != present {
			t.Errorf("number %d: %.80s (%v)", seq, payload, err)
		}
		token, err := Open(text, listURI, listKeys)
		if err != nil || token.Seq != seq {
			t.Errorf("number %d: read %d (%v)", seq, token.Seq, err)
		}
	}
}

func TestOpenTakesATokenWithoutExpAndTTL(t *testing.T) {
	t.Parallel()
	token, err := openPayload(t, `{"sub":"`+listURI+`","iat":2,"status_list":`+goodStatusList(t)+`}`)
	if err != nil || !token.Expires.IsZero() || token.TTL != 0 {
		t.Errorf("got %+v, %v", token, err)
	}
	token, err = openPayload(t, `{"sub":"`+listURI+`","iat":2,"ttl":9007199254740991,"status_list":`+goodStatusList(t)+`}`)
	if err != nil || token.TTL != maxTTLSeconds*time.Second {
		t.Errorf("got %v, %v", token.TTL, err)
	}
}

func TestInflateTakesOneZlibStreamOnly(t *testing.T) {
	t.Parallel()
	content := make([]byte, 32)
	good := deflate(t, content, 6)
	edit := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		return b
	}
	var raw, packed bytes.Buffer
	rawWriter, err := flate.NewWriter(&raw, 6)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, rawWriter, content)
	mustWrite(t, gzip.NewWriter(&packed), content)
	var withDictionary bytes.Buffer
	dictionaryWriter, err := zlib.NewWriterLevelDict(&withDictionary, 6, content)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, dictionaryWriter, content)

	for name, compressed := range map[string][]byte{
		"nothing":           {},
		"a header only":     good[:2],
		"truncated":         good[:len(good)-5],
		"no checksum":       good[:len(good)-4],
		"half a checksum":   good[:len(good)-2],
		"wrong checksum":    edit(func(b []byte) { b[len(b)-1] ^= 1 }),
		"wrong header":      edit(func(b []byte) { b[0] = 0x79 }),
		"trailing byte":     append(bytes.Clone(good), 0),
		"two streams":       append(bytes.Clone(good), good...),
		"raw deflate":       raw.Bytes(),
		"gzip":              packed.Bytes(),
		"preset dictionary": withDictionary.Bytes(),
		"empty stream":      deflate(t, nil, 6),
		"uncompressed":      content,
	} {
		_, err := openPayload(t, payloadWith(statusListOf(2, compressed)))
		if got := code.Of(err); got != code.StatusEncoding {
			t.Errorf("%s: got %q (%v)", name, got, err)
		}
	}
}

func TestInflateStopsAtItsBound(t *testing.T) {
	t.Parallel()
	token, err := openPayload(t, payloadWith(statusListOf(2, deflate(t, make([]byte, MaxInflatedSize), 1))))
	if err != nil || token.List.Len() != MaxEntries {
		t.Errorf("at the bound: %v", err)
	}
	_, err = openPayload(t, payloadWith(statusListOf(2, deflate(t, make([]byte, MaxInflatedSize+1), 1))))
	wantCode(t, err, code.StatusTooLarge)
}

// TestInflateOfABombTakesLittleMemory inflates a thousand to one, four times
// over the bound.
func TestInflateOfABombTakesLittleMemory(t *testing.T) {
	bomb := deflate(t, make([]byte, 16<<20), 9)
	if len(bomb) > 1<<17 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := inflate(bomb); code.Of(err) != code.StatusTooLarge {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > 6*MaxInflatedSize {
		t.Errorf("%d bytes were taken for a list of at most %d", allocated, MaxInflatedSize)
	}
}

func TestOpenTokenSizeBound(t *testing.T) {
	t.Parallel()
	// The bound is on the text, whatever is in it.
	_, err := Open(strings.Repeat("A", MaxTokenSize), listURI, listKeys)
	wantCode(t, err, code.TokenMalformed)
	_, err = Open(strings.Repeat("A", MaxTokenSize+1), listURI, listKeys)
	wantCode(t, err, code.StatusTooLarge)
}

// storedZlib is a ZLIB stream of one stored block, as an encoder that does not
// compress writes it.
func storedZlib(content []byte) []byte {
	b := []byte{0x78, 0x01, 1}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(content)))
	b = binary.LittleEndian.AppendUint16(b, ^uint16(len(content)))
	b = append(b, content...)
	return binary.BigEndian.AppendUint32(b, adler32.Checksum(content))
}

func TestOpenTakesAStreamThatIsNotCompressed(t *testing.T) {
	t.Parallel()
	token, err := openPayload(t, payloadWith(statusListOf(2, storedZlib([]byte{1, 2, 3, 4}))))
	if err != nil || !bytes.Equal(token.List.entries, []byte{1, 2, 3, 4}) {
		t.Errorf("got %v, %v", token.List, err)
	}
}
