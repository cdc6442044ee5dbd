package bundle

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// Type is the typ header of a manifest; MediaType is what a bundle is served as, and
// DraftMediaType what a draft is.
const (
	Type           = "cyberbadge-bundle+jwt"
	MediaType      = "application/vnd.cyberbadge.bundle"
	DraftMediaType = "application/vnd.cyberbadge.bundle-draft"
)

// Bounds on a bundle, checked before the work they bound.
const (
	MaxSize      = 128 << 20               // bytes of the whole text
	MaxManifest  = 4 << 20                 // bytes of the first line
	MaxTrust     = 256 << 10               // bytes of the entry in the trust list
	MaxLists     = revocation.MaxLists     // as many as a verifier holds
	MaxPortraits = 1 << 14                 //
	MaxPortrait  = 1 << 20                 // bytes of one, before base64
	MaxCustomer  = 128                     // bytes of a customer's name
	MaxLife      = 366 * 24 * time.Hour    // from iat to exp
	maxPart      = revocation.MaxTokenSize // bytes of a part's line; more than a portrait needs
)

// Kind is what a part is.
type Kind string

// The kinds of part.
const (
	ListKind     Kind = "list"
	PortraitKind Kind = "portrait"
)

// Manifest is what the root key signs.
type Manifest struct {
	Issuer   string // whose badges it is about: the issuer's URL
	Customer string // whom it is for; empty for anybody
	Number   uint64 // from 1; rises with every bundle of the issuer
	IssuedAt time.Time
	Expires  time.Time
	// MaxStatusAge is the oldest list, by its own iat, that a decision may rest on
	// under this bundle. Zero in a bundle without lists, whose readers have a limit of
	// their own.
	MaxStatusAge time.Duration
	Trust        json.RawMessage // the issuer's entry in the trust list; see verifier.Trust
	Parts        []Part
}

// Part is one line of a bundle as its manifest describes it.
type Part struct {
	Kind     Kind
	Size     int               // bytes of the line, its line feed left out
	URI      string            // of a list
	IssuedAt time.Time         // of a list
	SHA256   [sha256.Size]byte // of a list: of its line
	Digest   [sha256.Size]byte // of a portrait: of the picture
}

// Bundle is a bundle that was opened, or is to be sealed.
type Bundle struct {
	Manifest
	Root      Fingerprint // who signed it; not read by [Seal]
	Lists     []List      // in the order of the manifest's parts, as are the portraits
	Portraits [][]byte    // pictures as they are served
}

// List is a status list in a bundle.
type List struct {
	URI      string
	IssuedAt time.Time
	Token    string
}

// invalid is the code for whatever is wrong with a bundle but its time, its number
// and whom it is for.
func invalid(format string, args ...any) error {
	return code.Refuse(code.BundleInvalid, format, args...)
}
