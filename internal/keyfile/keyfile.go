package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The endings of the two kinds of file.
const (
	protectedSuffix = ".key.age"
	plainSuffix     = ".key"
)

// MaxFileSize is how large a key's file may be, in bytes. A key needs about 500.
const MaxFileSize = 16 << 10

// What can be wrong with a key's file. Match with errors.Is; the errors
// themselves say which file and what to do.
var (
	ErrName            = errors.New("keyfile: the file's name does not say how it is protected")
	ErrPlainNotAllowed = errors.New("keyfile: keys that are not encrypted are not allowed here")
	ErrPermissions     = errors.New("keyfile: others can reach the key")
	ErrExists          = errors.New("keyfile: the file exists")
	ErrPassphrase      = errors.New("keyfile: the passphrase is not accepted")
	ErrMalformed       = errors.New("keyfile: not a key file")
	ErrUnsupportedKey  = errors.New("keyfile: not a P-256 key")
)

// Protection says how a key is protected in its file. The zero value protects
// and has no passphrase, so it can do nothing.
type Protection struct {
	// Passphrase is called once, and only when it is needed: when reading, the
	// file has been found good by then. The bytes are used as they are.
	Passphrase func() ([]byte, error)
	// InsecurePlain allows a key that is not encrypted, in a file whose name ends
	// in .key. It MUST NOT be set where badges are issued that anybody relies on.
	InsecurePlain bool
}

// Generate makes a new P-256 key, from the system's randomness.
func Generate() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// Save writes key to a new file at path, whose name ends in .key.age, or in .key
// for a plain one. The file can be read by its owner only. It is there completely
// once Save returns nil, even if the machine loses power then, and not at all
// after an error.
func Save(path string, key *ecdsa.PrivateKey, protection Protection) error {
	return save(path, key, protection, workFactor)
}

func save(path string, key *ecdsa.PrivateKey, protection Protection, workFactor int) error {
	return saveText(path, func() ([]byte, error) { return encode(key) }, protection, workFactor)
}

// saveText writes what encode returns; that is not called where no file may be.
func saveText(path string, encode func() ([]byte, error), protection Protection, workFactor int) error {
	plain, err := isPlain(path, protection)
	if err != nil {
		return err
	}
	if err := checkFolder(filepath.Dir(path)); err != nil {
		return err
	}
	// Before the passphrase is asked for; writeNew makes sure.
	if _, err := os.Lstat(path); err == nil {
		return exists(path)
	}
	data, err := encode()
	if err != nil {
		return err
	}
	if !plain {
		passphrase, err := protection.passphrase()
		if err != nil {
			return err
		}
		if data, err = encrypt(data, passphrase, workFactor); err != nil {
			return err
		}
	}
	return writeNew(path, data)
}

// Load reads the key at path. The signer signs ES256 digests with it, is safe for
// concurrent use, and does not print the key.
func Load(path string, protection Protection) (crypto.Signer, error) {
	data, err := loadText(path, protection)
	if err != nil {
		return nil, err
	}
	key, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	return &signer{key, "P-256"}, nil
}

// loadText reads what is in a key's file, decrypted.
func loadText(path string, protection Protection) ([]byte, error) {
	plain, err := isPlain(path, protection)
	if err != nil {
		return nil, err
	}
	if err := checkFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	data, err := read(path)
	if err != nil || plain {
		return data, err
	}
	passphrase, err := protection.passphrase()
	if err != nil {
		return nil, err
	}
	if data, err = decrypt(data, passphrase, maxWorkFactor); err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	return data, nil
}

func isPlain(path string, protection Protection) (bool, error) {
	switch {
	case strings.HasSuffix(path, protectedSuffix):
		return false, nil
	case !strings.HasSuffix(path, plainSuffix):
		return false, fmt.Errorf("%w: %s must end in %s", ErrName, path, protectedSuffix)
	case !protection.InsecurePlain:
		return false, fmt.Errorf("%w: %s; use a name that ends in %s", ErrPlainNotAllowed, path, protectedSuffix)
	}
	return true, nil
}

func (p Protection) passphrase() ([]byte, error) {
	if p.Passphrase == nil {
		return nil, fmt.Errorf("%w: there is no way to ask for one", ErrPassphrase)
	}
	passphrase, err := p.Passphrase()
	if err != nil {
		return nil, fmt.Errorf("keyfile: passphrase: %w", err)
	}
	return passphrase, nil
}

// signer keeps a key from being printed with whatever holds it.
type signer struct {
	key  crypto.Signer
	kind string
}

func (s *signer) Public() crypto.PublicKey { return s.key.Public() }

func (s *signer) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return s.key.Sign(random, digest, options)
}

// Format implements fmt.Formatter, for every verb.
func (s *signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "["+s.kind+" private key]") }
