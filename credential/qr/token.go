package qr

// Tokens stand in the template for what was taken out of it. They are control
// characters, which JSON text holds only as white space (tab, line feed and
// carriage return, which therefore are no tokens). Their values are part of the
// format.
const (
	tokenEnd            byte = 0x00 // ends a segment, the template and each string
	tokenRaw16          byte = 0x01 // 16 bytes of the side stream, as 22 characters of base64url
	tokenRaw32          byte = 0x02 // 32 bytes, as 43 characters of base64url
	tokenIntegrity      byte = 0x03 // 32 bytes, as 44 characters of padded base64 (SRI hashes)
	tokenUUID           byte = 0x04 // 16 bytes, as a UUID in lower case
	tokenTime           byte = 0x05 // an unsigned varint, see restorer.nextTime
	tokenDecimal        byte = 0x06 // an unsigned varint, see restorer.nextDecimal
	tokenPointX         byte = 0x07 // 33 bytes, a compressed P-256 point: its x as 43 characters of base64url
	tokenPointY         byte = 0x08 // nothing: y of that point
	tokenSignature      byte = 0x0b // 64 bytes, as they are
	tokenSortedDigest   byte = 0x0c // see restorer.nextSorted
	tokenNumberedDigest byte = 0x0e // one byte k: digest of the k-th smallest
	tokenSDHash         byte = 0x0f // nothing: the hash of all before the key-binding JWT
	tokenIssuer         byte = 0x10 // nothing: the issuer's URL, from before the digits
	tokenString         byte = 0x11 // nothing: the next string after the template
	tokenVerbatim       byte = 0x12 // first in a segment: the rest is the segment's text, not to be encoded
)

// firstTime is what the first tokenTime is added to: 2028-07-01T00:00:00Z, so
// that it takes four bytes from May 2026 to August 2030.
const firstTime = 1846022400

const hour = 3600 // seconds

// isControl reports whether c can be a token, now or in a later format: a
// segment that holds such a byte of its own is packed verbatim.
func isControl(c byte) bool {
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r'
}

// dictionary is deflate's preset dictionary of formats 1 and 2. It must never
// change: every code in existence depends on it. It holds the badge profile's
// own words and nobody's data: first variants and words that are seldom
// needed, then a whole presentation with every claim shown, in template order,
// then the reference policy's words as they follow one another in the strings.
const dictionary = `{"typ":"kb+jwt","alg":"ES256"}` +
	`{"typ":"dc+sd-jwt","alg":"ES256","kid":"` + "\x02" + `","x5c":["MII` +
	`"EdDSA""OKP","crv":"Ed25519","x":"` + "\x02" + `"}},"jti":"` + "\x01" + `","` +
	`"crv":"P-256","kty":"EC","x":"` + "\x07" + `","y":"` + "\x08" + `"` +
	`"nonce":"` + "\x01" + `","aud":"https://","sd_hash":"` + "\x0f" + `","iat":` + "\x05" + `}` +
	`"_sd_alg":"sha-256","_sd":["` + "\x02" + `","` + "\x02" + `","` + "\x02" + `"]` +
	`{"...":"` + "\x0e" + `"},"birthdate":"email":"name":"address":"nationalities":[false,null,` +
	`{"compliant":false,"checked_at":` + "\x05" + `}]` + "\x00" +
	`"sub":"` + "\x01" + `","access":["onsite"],"cnf":{"jwk":` +
	`"sub":"` + "\x04" + `","access":["remote"],"cnf":{"jwk":` +
	`{"alg":"ES256","kid":"` + "\x11" + `","typ":"dc+sd-jwt"}` + "\x00" + `{"iss":"` +

	`["` + "\x01" + `","given_name","` + "\x11" + `"]` + "\x00" +
	`["` + "\x01" + `","family_name","` + "\x11" + `"]` + "\x00" +
	`["` + "\x01" + `","picture","` + "\x10" + `/pictures/` + "\x01" + `"]` + "\x00" +
	`["` + "\x01" + `","picture#integrity","sha256-` + "\x03" + `"]` + "\x00" +
	`["` + "\x01" + `","employee_number","` + "\x06" + `"]` + "\x00" +
	`["` + "\x01" + `","organization","` + "\x11" + `"]` + "\x00" +
	`["` + "\x01" + `","role","` + "\x11" + `"]` + "\x00" +
	`["` + "\x01" + `","training",[{"course":"` + "\x11" + `","standard":"` + "\x11" + `","valid_until":` + "\x05" + `},` +
	`{"course":"` + "\x11" + `","standard":"` + "\x11" + `","valid_until":` + "\x05" + `},` +
	`{"course":"` + "\x11" + `","standard":"` + "\x11" + `","valid_until":` + "\x05" + `}]]` + "\x00" +
	`["` + "\x01" + `","equipment",{"compliant":true,"checked_at":` + "\x05" + `}]` + "\x00" +
	`{"alg":"ES256","kid":"` + "\x02" + `","typ":"dc+sd-jwt"}` + "\x00" +
	`{"iss":"` + "\x10" + `","vct":"` + "\x10" + `/vct/cyber-badge/1","iat":` + "\x05" + `,"nbf":` + "\x05" + `,"exp":` + "\x05" +
	`,"sub":"` + "\x01" + `","access":["onsite","remote"],"cnf":{"jwk":{"kty":"EC","crv":"P-256","x":"` + "\x07" + `","y":"` + "\x08" +
	`"}},"status":{"status_list":{"idx":` + "\x06" + `,"uri":"` + "\x10" + `/status-lists/` + "\x06" + `"}},"_sd":["` +
	"\x0c" + `","` + "\x0c" + `","` + "\x0c" + `","` + "\x0c" + `","` + "\x0c" + `","` + "\x0c" + `","` +
	"\x0c" + `","` + "\x0c" + `","` + "\x0c" + `"],"_sd_alg":"sha-256"}` + "\x00" + "\x0b" + "\x00" +
	`{"alg":"ES256","typ":"kb+jwt"}` + "\x00" +
	`{"iat":` + "\x05" + `,"aud":"urn:cyberbadge:gate","nonce":"` + "\x01" + `","sd_hash":"` + "\x0f" + `"}` + "\x00" + "\x0b" + "\x00\x00" +

	" AG\x00 Automation\x00 Energy\x00 Engineering\x00 GmbH\x00 Inc.\x00 Industrial\x00 Ltd.\x00 S.A.\x00 Systems\x00 Technologies\x00" +
	"onsite-support\x00remote-support\x00service-manager\x00technician\x00 Services\x00field-service-representative\x00" +
	"CB-101\x00IEC 62443-2-4\x00CB-102\x00ISO/IEC 27001\x00CB-201\x00IEC 62443-2-4\x00"
