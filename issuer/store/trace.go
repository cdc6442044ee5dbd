package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

// Salt is what makes a person's hashes in events. It is drawn for each person, kept
// beside their record, in no event, and erased with it: from then on nobody can tell
// whether a hash is that of some name or other. Exports have it, so that whoever holds
// a record as it was can show that it is the one which an event tells of.
type Salt [32]byte

// Person returns the hash of a record, 64 hexadecimal digits: HMAC-SHA256 under the
// salt over "person" and the fields of [evidence.Person] in their order, as netstrings
// like those of [Head.Next]. Booleans are "true" and "false", the time is in
// microseconds since 1970, the zero time is empty.
func (s Salt) Person(p evidence.Person) string {
	modified := ""
	if !p.Modified.IsZero() {
		modified = strconv.FormatInt(p.Modified.UnixMicro(), 10)
	}
	return s.sum("person", p.ID, p.ExternalID, p.UserName, strconv.FormatBool(p.Active), p.Role, p.GivenName, p.FamilyName,
		p.DisplayName, p.Email, p.Language, p.EmployeeNumber, p.Organization, p.Department, p.ManagerID, modified)
}

// Portrait returns the hash of a portrait's digest, over "portrait" and the digest's
// bytes, and nothing for none.
func (s Salt) Portrait(d portrait.Digest) string {
	if d == (portrait.Digest{}) {
		return ""
	}
	return s.sum("portrait", string(d[:]))
}

func (s Salt) sum(fields ...string) string {
	mac := hmac.New(sha256.New, s[:])
	mac.Write(netstrings(nil, fields...))
	return hex.EncodeToString(mac.Sum(nil))
}

// netstrings appends fields so that no two lists of them read alike: the length in
// bytes in decimal, a colon, the bytes, a comma.
func netstrings(text []byte, fields ...string) []byte {
	for _, field := range fields {
		text = strconv.AppendInt(text, int64(len(field)), 10)
		text = append(text, ':')
		text = append(text, field...)
		text = append(text, ',')
	}
	return text
}
