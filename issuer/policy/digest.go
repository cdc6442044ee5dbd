package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Digest returns the SHA-256 of all that the policy says, as 64 hexadecimal
// digits: two files that say the same in the same order have the same digest,
// however they are spelled and commented. A record of a standing keeps it, to
// tell whether it was made under the policy in force. A newer program may give an
// old file another digest; its standings are then worked out anew, to no harm.
func (p *Policy) Digest() string {
	if p.digest != "" {
		return p.digest
	}
	return p.sum()
}

// sum works the digest out. Programs compiled from a rule are not exported, so
// the rule's text stands for them.
func (p *Policy) sum() string {
	canonical, err := json.Marshal(p)
	if err != nil {
		panic("policy: a policy is not to be written as JSON: " + err.Error())
	}
	digest := sha256.Sum256(append([]byte("cyberbadge policy "+fileVersion+"\n"), canonical...))
	return hex.EncodeToString(digest[:])
}
