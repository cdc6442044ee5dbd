package bundle

import (
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
)

// Rules say which bundles are taken. Root and Now are required.
type Rules struct {
	Root     Fingerprint // who must have signed it
	Issuer   string      // whom it must be about; empty for whomever the root vouches for
	Customer string      // our name at the issuer; when empty, only a bundle for anybody is taken
	Floor    uint64      // the lowest number that is taken: that of the newest bundle ever held
	Now      time.Time
	// AllowStale takes a bundle that is past its time. It is for a verifier that holds
	// one already and denies under it; it MUST NOT be set where one is taken in.
	AllowStale bool
}

// Open verifies a bundle and takes it apart. Every error is a *code.Error:
// bundle_invalid for one that the root did not sign as it is, bundle_not_for_us,
// bundle_rollback and bundle_stale. All bounds are checked before the work that
// they bound, and nothing of a bundle is read before its signature was found good.
func Open(text string, rules Rules) (*Bundle, error) {
	b, parts, err := openPinned(text, rules)
	if err != nil {
		return nil, err
	}
	if err := b.readParts(parts); err != nil {
		return nil, err
	}
	return b, nil
}

// OpenManifest is [Open] for the first line alone, without its line feed: what a
// verifier needs that gets the lists another way. The bundle has no Lists and no
// Portraits.
func OpenManifest(line string, rules Rules) (*Bundle, error) {
	b, rest, err := openPinned(line+"\n", rules)
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, invalid("more than one line")
	}
	return b, nil
}

func openPinned(text string, rules Rules) (*Bundle, string, error) {
	if rules.Root == (Fingerprint{}) || rules.Now.IsZero() {
		return nil, "", invalid("no root key is pinned, or the time is not known: nothing can be verified")
	}
	b, parts, err := openManifest(text, func(root Fingerprint) error {
		if root != rules.Root {
			return invalid("the root key %s signed it, the pinned one is %s", root, rules.Root)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if err := b.Manifest.judge(rules); err != nil {
		return nil, "", err
	}
	return b, parts, nil
}

// Inspect reads a bundle without a pin. Its parts are what its manifest says and the
// manifest is signed by the key that it brings, which proves nothing: anybody can
// make such a bundle. Compare Root with the issuer over another way, or use [Open].
func Inspect(text string) (*Bundle, error) {
	b, parts, err := openManifest(text, func(Fingerprint) error { return nil })
	if err != nil {
		return nil, err
	}
	if err := b.readParts(parts); err != nil {
		return nil, err
	}
	return b, nil
}

// SignedBy returns the key that a bundle says it is signed by, for choosing among
// pinned ones which to open it with. Nothing is verified.
func SignedBy(text string) (Fingerprint, error) {
	line, _, _ := strings.Cut(text, "\n")
	compact, err := parseLine(line)
	if err != nil {
		return Fingerprint{}, err
	}
	return fingerprintIn(compact)
}

func parseLine(line string) (jose.Compact, error) {
	if strings.HasSuffix(line, "\r") {
		return jose.Compact{}, invalid("its line ends were changed on the way: transfer it as binary")
	}
	if IsDelta(line) {
		return jose.Compact{}, invalid("it is a delta: apply it to the bundle that it builds on")
	}
	compact, err := jose.ParseCompact(line, MaxManifest, jose.HeaderPolicy{Type: Type, OwnKey: true})
	if err != nil {
		return jose.Compact{}, invalid("the manifest: %v", err)
	}
	return compact, nil
}

func fingerprintIn(compact jose.Compact) (Fingerprint, error) {
	root, err := FingerprintOf(compact.Header.Key)
	if err != nil {
		return Fingerprint{}, invalid("the manifest's key: %v", err)
	}
	return root, nil
}

// openManifest reads the first line once its key was found to be the right one, and
// returns what is behind it.
func openManifest(text string, pinned func(Fingerprint) error) (*Bundle, string, error) {
	if len(text) > MaxSize {
		return nil, "", invalid("%d bytes, at most %d are taken", len(text), MaxSize)
	}
	line, parts, ended := strings.Cut(text, "\n")
	if !ended {
		return nil, "", invalid("the first line has no end: the file is cut off, or no bundle")
	}
	compact, err := parseLine(line)
	if err != nil {
		return nil, "", err
	}
	root, err := fingerprintIn(compact)
	if err != nil {
		return nil, "", err
	}
	if err := pinned(root); err != nil {
		return nil, "", err
	}
	if err := compact.Verify(compact.Header.Key); err != nil {
		return nil, "", invalid("the manifest: %v", err)
	}
	m, err := parseManifest(compact.Payload)
	if err != nil {
		return nil, "", err
	}
	return &Bundle{Manifest: m, Root: root}, parts, nil
}

// judge says whether a signed manifest is one to be used here and now.
func (m *Manifest) judge(rules Rules) error {
	switch {
	case rules.Issuer != "" && m.Issuer != rules.Issuer:
		return code.Refuse(code.BundleNotForUs, "it is about the issuer %q, not %q", m.Issuer, rules.Issuer)
	case m.Customer != "" && m.Customer != rules.Customer:
		return code.Refuse(code.BundleNotForUs, "it is for the customer %q; ask the issuer for one for %q", m.Customer, rules.Customer)
	case m.Number < rules.Floor:
		return code.Refuse(code.BundleRollback, "bundle %d is older than bundle %d, which was held", m.Number, rules.Floor)
	case !rules.AllowStale:
		return m.CheckTime(rules.Now)
	}
	return nil
}

// CheckTime fails with bundle_stale from Expires on.
func (m *Manifest) CheckTime(now time.Time) error {
	if now.Before(m.Expires) {
		return nil
	}
	return code.Refuse(code.BundleStale, "bundle %d expired at %s; import a newer one", m.Number, m.Expires.Format(time.RFC3339))
}

// readParts compares every line with what the manifest says of it.
func (b *Bundle) readParts(text string) error {
	for i, part := range b.Parts {
		line, rest, ended := strings.Cut(text, "\n")
		if !ended {
			return invalid("part %d is cut off", i+1)
		}
		text = rest
		if len(line) != part.Size {
			return invalid("part %d has %d bytes, the manifest says %d", i+1, len(line), part.Size)
		}
		if err := b.readPart(part, line); err != nil {
			return invalid("part %d: %v", i+1, err)
		}
	}
	if text != "" {
		return invalid("%d bytes behind the last part", len(text))
	}
	return nil
}

func (b *Bundle) readPart(part Part, line string) error {
	if part.Kind == ListKind {
		if sha256.Sum256([]byte(line)) != part.SHA256 {
			return errors.New("it is not the list that the manifest names")
		}
		b.Lists = append(b.Lists, List{URI: part.URI, IssuedAt: part.IssuedAt, Token: line})
		return nil
	}
	picture, err := jose.DecodeSegment(line)
	if err != nil {
		return err
	}
	if len(picture) > MaxPortrait || sha256.Sum256(picture) != part.Digest {
		return errors.New("it is not the portrait that the manifest names")
	}
	b.Portraits = append(b.Portraits, picture)
	return nil
}
