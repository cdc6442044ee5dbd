package main

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/keyfile"
)

// Endings of a key's files. The public half lies beside the private one, so
// that nothing has to be decrypted to tell who we are.
const (
	encryptedEnding = ".key.age"
	plainEnding     = ".key"
	publicEnding    = ".jwk"
)

// keyInfo is what is printed about a key.
type keyInfo struct {
	ID        string `json:"kid"`
	Purpose   string `json:"purpose,omitempty"`
	File      string `json:"file"`
	Encrypted bool   `json:"encrypted"`
}

func keysCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Make and list signing keys"}
	c.AddCommand(keysGenerateCommand(s), keysListCommand(s))
	return c
}

func keysGenerateCommand(s streams) *cobra.Command {
	var out, passphraseFile string
	var plain bool
	c := &cobra.Command{
		Use:   "generate --out FILE",
		Short: "Make a P-256 key and print its public half as a JWK",
		Long: `Make a P-256 key and print its public half as a JWK.

FILE ends in .key.age and is encrypted with the passphrase in --passphrase-file,
or ends in .key and is not encrypted, which --insecure-plain must say aloud. The
public half is written beside it, ending in .jwk.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			protection := keyfile.Protection{InsecurePlain: plain, Passphrase: passphraseFrom(passphraseFile)}
			public, err := makeKey(out, protection)
			if err != nil {
				return err
			}
			jwk, err := os.ReadFile(publicPath(out))
			if err != nil {
				return err
			}
			fmt.Fprintf(s.err, "key %s is in %s\n", public, out)
			_, err = s.out.Write(jwk)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write; ends in .key.age or .key")
	c.Flags().StringVar(&passphraseFile, "passphrase-file", "", "file with the passphrase")
	c.Flags().BoolVar(&plain, "insecure-plain", false, "write the key unencrypted; for development only")
	required(c, "out")
	return c
}

func keysListCommand(s streams) *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list --dir DIR",
		Short: "List the keys of an issuer",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			keys, err := listKeys(filepath.Join(dir, keysFolder))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, keys)
			}
			for _, k := range keys {
				fmt.Fprintf(s.out, "%-8s %s  %s\n", k.Purpose, k.ID, k.File)
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the issuer's folder")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	required(c, "dir")
	return c
}

func listKeys(folder string) ([]keyInfo, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*"+publicEnding))
	if err != nil {
		return nil, err
	}
	keys := make([]keyInfo, 0, len(files))
	for _, public := range files {
		key, err := readJWK(public)
		if err != nil {
			return nil, err
		}
		id, err := credential.Thumbprint(key)
		if err != nil {
			return nil, err
		}
		base := strings.TrimSuffix(public, publicEnding)
		info := keyInfo{ID: id, Purpose: filepath.Base(base), File: base + plainEnding}
		if _, err := os.Stat(base + encryptedEnding); err == nil {
			info.File, info.Encrypted = base+encryptedEnding, true
		}
		keys = append(keys, info)
	}
	return keys, nil
}

// makeKey writes a new key and its public half, and returns its id.
func makeKey(path string, protection keyfile.Protection) (id string, err error) {
	key, err := keyfile.Generate()
	if err != nil {
		return "", err
	}
	if err := keyfile.Save(path, key, protection); err != nil {
		return "", err
	}
	if id, err = credential.Thumbprint(&key.PublicKey); err != nil {
		return "", err
	}
	jwk, err := keyfile.PublicJWK(&key.PublicKey, id)
	if err != nil {
		return "", err
	}
	return id, os.WriteFile(publicPath(path), append(jwk, '\n'), 0o644)
}

func publicPath(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path, encryptedEnding), plainEnding) + publicEnding
}

func readJWK(path string) (*ecdsa.PublicKey, error) {
	text, err := readBounded(path, keyfile.MaxFileSize)
	if err != nil {
		return nil, err
	}
	key, err := credential.ParseJWK(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// passphraseFrom reads a passphrase when it is asked for, less the line break
// that an editor leaves at the end.
func passphraseFrom(path string) func() ([]byte, error) {
	if path == "" {
		return nil
	}
	return func() ([]byte, error) {
		text, err := readBounded(path, keyfile.MaxFileSize)
		return []byte(strings.TrimRight(string(text), "\r\n")), err
	}
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return text, err
}

// lazyKey is a signer that decrypts its key when it first signs: most commands
// sign nothing, and decrypting is made slow on purpose.
type lazyKey struct {
	public *ecdsa.PublicKey
	load   func() (crypto.Signer, error)
}

// openKey finds the key of that name in a folder, in either protection.
func openKey(folder, name string, protection keyfile.Protection) (*lazyKey, error) {
	base := filepath.Join(folder, name)
	public, err := readJWK(base + publicEnding)
	if err != nil {
		return nil, err
	}
	path := base + encryptedEnding
	if _, err := os.Stat(path); err != nil {
		path = base + plainEnding
	}
	return &lazyKey{public, sync.OnceValues(func() (crypto.Signer, error) {
		key, err := keyfile.Load(path, protection)
		if err != nil {
			return nil, err
		}
		if !public.Equal(key.Public()) {
			return nil, fmt.Errorf("%s is not the private half of %s", path, base+publicEnding)
		}
		return key, nil
	})}, nil
}

// Public implements crypto.Signer.
func (k *lazyKey) Public() crypto.PublicKey { return k.public }

// Sign implements crypto.Signer.
func (k *lazyKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	key, err := k.load()
	if err != nil {
		return nil, err
	}
	return key.Sign(random, digest, opts)
}
