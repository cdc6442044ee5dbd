package enrol

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// secretBytes is the size of a secret; its text is base64url.
const secretBytes = 32

// newSecret returns the text of 32 random bytes. rand.Read never fails.
func newSecret() string {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// isSecret reports whether a text has a secret's form.
func isSecret(text string) bool {
	b, err := jose.DecodeSegment(text)
	return err == nil && len(b) == secretBytes
}

// newTxCode returns digits, each code as likely as the other.
func newTxCode() (string, error) {
	bound := new(big.Int).Exp(big.NewInt(10), big.NewInt(TxCodeLength), nil)
	n, err := rand.Int(rand.Reader, bound)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", TxCodeLength, n), nil
}

// codeOf is the pre-authorized code of the offer with that address. It does not
// lead back to the address.
func codeOf(offerID string) string {
	sum := hash("pre-authorized code", offerID)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// hash is what is kept of a value. The purpose keeps a value of one kind from
// passing for one of another; no purpose and no value but the last may hold NUL.
func hash(purpose string, values ...string) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("cyberbadge enrolment: " + purpose))
	for _, v := range values {
		h.Write([]byte{0})
		h.Write([]byte(v))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func codeHash(code string) [sha256.Size]byte        { return hash("code", code) }
func txCodeHash(code, tx string) [sha256.Size]byte  { return hash("transaction code", code, tx) }
func accessHash(token string) [sha256.Size]byte     { return hash("access token", token) }
func refreshHash(token string) [sha256.Size]byte    { return hash("refresh token", token) }
func nonceHash(nonce string) [sha256.Size]byte      { return hash("nonce", nonce) }
func proofHash(keyID, jti string) [sha256.Size]byte { return hash("dpop proof", keyID, jti) }
