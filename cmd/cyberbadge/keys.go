package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
public half is written beside it, ending in .jwk. No file is ever overwritten.`,
		Example: `  cyberbadge keys generate --out holder.key.age --passphrase-file passphrase
  cyberbadge keys generate --out holder.key --insecure-plain`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			protection := keyfile.Protection{InsecurePlain: plain, Passphrase: passphraseFrom(passphraseFile)}
			id, err := makeKey(out, protection)
			if err != nil {
				return explainKey(err)
			}
			jwk, err := os.ReadFile(publicPath(out))
			if err != nil {
				return err
			}
			fmt.Fprintf(s.err, "key %s is in %s\n", id, out)
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
		Use:     "list --dir DIR",
		Short:   "List the keys of an issuer",
		Example: `  cyberbadge keys list --dir issuer`,
		Args:    arguments(),
		RunE: func(*cobra.Command, []string) error {
			folder := filepath.Join(dir, keysFolder)
			if !exists(folder) {
				return notIssuer(dir)
			}
			keys, err := listKeys(folder)
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
		id, err := credential.KeyID(key)
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
