package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Bounds of a secret, in bytes. The bound itself is allowed.
const (
	MinSecret = 24
	MaxSecret = 64
)

const secretPrefix = "whsec_"

// Secret is a key that sender and receiver share. It does not print itself. The
// zero value signs nothing and verifies nothing.
type Secret struct{ key []byte }

// ParseSecret reads "whsec_" and base64.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	if !ok {
		return Secret{}, fmt.Errorf("webhook: a secret begins with %q", secretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Secret{}, errors.New("webhook: what follows whsec_ in a secret must be base64") // err quotes the text
	}
	if len(key) < MinSecret || len(key) > MaxSecret {
		return Secret{}, fmt.Errorf("webhook: a secret has %d bytes; it must have %d to %d", len(key), MinSecret, MaxSecret)
	}
	return Secret{key}, nil
}

// NewSecret draws a secret and returns its text, to be shown once and kept.
func NewSecret() (Secret, string) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return Secret{key}, secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// IsZero reports whether this is no secret.
func (s Secret) IsZero() bool { return len(s.key) == 0 }

// String hides the secret.
func (s Secret) String() string { return secretPrefix + "…" }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
