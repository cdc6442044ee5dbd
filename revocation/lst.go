package revocation

import "github.com/cyberbadge/cyberbadge/internal/jose"

// Inflate returns the entries in the lst of a token, by the bounds that [Open] has.
// It is for who sends what changed in a list rather than the list.
func Inflate(lst string) ([]byte, error) {
	compressed, err := jose.DecodeSegment(lst)
	if err != nil {
		return nil, err
	}
	return inflate(compressed)
}

// Deflate is what an [Encoder] makes of entries, as the lst of a token. It undoes
// [Inflate] for lists that were encoded here, by this version of the program.
func Deflate(entries []byte) (string, error) {
	encoded, err := (&List{layout: layoutOf(EntryBits), entries: entries}).Encode()
	return encoded.text, err
}
