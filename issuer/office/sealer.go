package office

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

const sealKeyBytes = 32

// sealer keeps what a sign-in needs to know when it comes back in the browser's
// own cookie, encrypted and authenticated. So signing in takes no memory here
// that callers could fill up. The key is drawn at start: a sign-in does not
// outlive the process, which costs an officer one more click.
type sealer struct{ cipher.AEAD }

func newSealer(key [sealKeyBytes]byte) (sealer, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// flow is one sign-in under way.
type flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE (RFC 7636)
	Until    time.Time `json:"u"`
	Fresh    bool      `json:"f,omitempty"` // the officer must show credentials again
	Begun    time.Time `json:"b"`
	Instead  []byte    `json:"i,omitempty"` // hash of the session before
}

func newFlow(now time.Time, fresh bool) flow {
	return flow{State: random(), Nonce: random(), Verifier: random(), Begun: now, Until: now.Add(SignInAge), Fresh: fresh}
}

// random returns 32 random bytes as 43 characters, which is what a code verifier
// has at least (RFC 7636, section 4.1).
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// purpose binds what is sealed to what it is for.
var purpose = []byte("cyberbadge sign-in 1")

func (s sealer) seal(f flow) (string, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.Seal(nil, nil, text, purpose)), nil
}

// maxSealed bounds what is decrypted, in characters; a flow has some 400.
const maxSealed = 1024

func (s sealer) open(sealed string) (f flow, err error) {
	if len(sealed) > maxSealed {
		return f, errors.New("too long")
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return f, err
	}
	if text, err = s.Open(nil, nil, text, purpose); err != nil {
		return f, err
	}
	return f, json.Unmarshal(text, &f)
}
