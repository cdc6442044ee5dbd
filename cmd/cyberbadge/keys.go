package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cyberbadge/cyberbadge/internal/keyfile"
)

// Endings of a key's files. The public half lies beside the private one, so
// that nothing has to be decrypted to tell who we are.
const (
	encryptedEnding = ".key.age"
	plainEnding     = ".key"
	publicEnding    = ".jwk"
)

func keysCommand(s streams) *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Make signing keys, and take an issuer's through their lives"}
	c.AddCommand(keysGenerateCommand(s), keysListCommand(s), keysPrepareCommand(s), keysActivateCommand(s),
		keysRetireCommand(s), keysTaintCommand(s), keysRevokeCommand(s))
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
