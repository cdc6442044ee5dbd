package gate

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

// alphabet is Crockford's base 32: no I, L, O and U.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	codeLength = 10 // 50 bits; a hyphen is written in the middle
	idLength   = 12 // unique, not secret
)

// lookalikes reads a code as it was meant.
var lookalikes = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "")

// newCode returns a code as people see it, XXXXX-XXXXX.
func newCode() string {
	text := randomText(codeLength)
	return text[:codeLength/2] + "-" + text[codeLength/2:]
}

// newID is in lower case and never begins with a hyphen, which a command line
// would take for a flag.
func newID() string { return strings.ToLower(randomText(idLength)) }

// randomText returns characters of the alphabet, each as likely as the other:
// 256 is a multiple of 32.
func randomText(length int) string {
	b := make([]byte, length)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[b[i]%byte(len(alphabet))]
	}
	return string(b)
}

// maxCodeText bounds what is read of a typed code, in bytes.
const maxCodeText = 32

// readCode returns the code in the form of newCode, if it has a code's form.
func readCode(text string) (code string, ok bool) {
	if len(text) > maxCodeText {
		return "", false
	}
	code = lookalikes.Replace(strings.ToUpper(text))
	if len(code) != codeLength || strings.Trim(code, alphabet) != "" {
		return "", false
	}
	return code[:codeLength/2] + "-" + code[codeLength/2:], true
}

// hash is what is kept of a secret. The purpose keeps one kind from passing for
// the other.
func hash(purpose, secret string) Hash {
	return sha256.Sum256([]byte("cyberbadge gate: " + purpose + "\x00" + secret))
}

func codeHash(code string) Hash       { return hash("pairing code", code) }
func sessionHash(session string) Hash { return hash("session", session) }
