package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// MaxSecretSize is how large a secret's file may be, in bytes.
const MaxSecretSize = 16 << 10

// redacted stands for a secret wherever one is printed.
const redacted = "[secret]"

// Secret is a value that is never printed, logged or marshalled. The zero value
// is no secret.
type Secret struct {
	// Behind a pointer, because fmt prints the unexported fields of others
	// without asking their methods, and prints a pointer in there as an address.
	value *string
}

var (
	_ fmt.Formatter  = Secret{}
	_ slog.LogValuer = Secret{}
)

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet reports whether there is a secret.
func (s Secret) IsSet() bool { return s.Reveal() != "" }

// Format implements fmt.Formatter, for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// readSecret reads a secret's file. One line end is cut off, because editors add
// it; anything further belongs to the secret.
func readSecret(path string) (Secret, error) {
	data, err := readBounded(path, MaxSecretSize, func(info os.FileInfo) error {
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			return fmt.Errorf("%s holds a secret and others can read it (mode %04o); run: chmod 600 %s", path, mode, path)
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Secret{}, fmt.Errorf("there is no file %s for the secret", path)
		}
		return Secret{}, err
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if value == "" {
		return Secret{}, fmt.Errorf("%s is empty, but a secret was expected", path)
	}
	return NewSecret(value), nil
}
