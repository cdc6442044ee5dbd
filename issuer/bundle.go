package issuer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// Defaults for the fields of [BundleRequest] that are left zero.
const (
	DefaultBundleLife   = 30 * 24 * time.Hour
	DefaultBundleMaxAge = 7 * 24 * time.Hour // or the bundle's life, if that is shorter
)

// BundleRequest asks for the contents of a bundle.
type BundleRequest struct {
	Customer string        // whom it is for; empty for anybody
	Life     time.Duration // until verifiers let go of it; DefaultBundleLife when zero
	// MaxStatusAge is how old its lists may get before verifiers deny by them: for so
	// long a revocation may go unheard of at a site without a network.
	MaxStatusAge time.Duration
	TrustOnly    bool // without lists, for verifiers that fetch them
	Portraits    bool // with the portraits of everybody who is active
	By           string
}

// Bundle returns what a bundle is to hold now, for the root key to sign
// (bundle.Seal), which is never here. Its lists are signed for as long as the bundle
// lets them count, which is longer than lists are published for. Each call uses up a
// number and is an event. The error is store.ErrInvalid for a request that makes no
// bundle, or the store's.
func (p *Program) Bundle(ctx context.Context, r BundleRequest) (bundle.Bundle, error) {
	r.Life = cmp.Or(r.Life, DefaultBundleLife)
	r.MaxStatusAge = cmp.Or(r.MaxStatusAge, min(DefaultBundleMaxAge, r.Life))
	if err := r.check(); err != nil {
		return bundle.Bundle{}, fmt.Errorf("issuer: bundle: %w: %w", store.ErrInvalid, err)
	}
	at := p.config.Now().UTC().Truncate(time.Second)
	expires := at.Add(r.Life)
	// The number comes first: a bundle holds whatever was committed before its number.
	number, err := p.config.Store.RecordBundle(ctx, store.BundleExport{
		Customer: r.Customer, Expires: expires, Lists: !r.TrustOnly, Portraits: r.Portraits, By: r.By, At: p.config.Now(),
	})
	if err != nil {
		return bundle.Bundle{}, err
	}
	trust, err := p.trustEntry()
	if err != nil {
		return bundle.Bundle{}, err
	}
	b := bundle.Bundle{Manifest: bundle.Manifest{
		Issuer: p.config.URL, Customer: r.Customer, Number: uint64(number), IssuedAt: at, Expires: expires, Trust: trust,
	}}
	if !r.TrustOnly {
		b.MaxStatusAge = r.MaxStatusAge
		if b.Lists, err = p.bundleLists(ctx, at, r); err != nil {
			return bundle.Bundle{}, err
		}
	}
	if r.Portraits {
		if b.Portraits, err = p.bundlePortraits(ctx); err != nil {
			return bundle.Bundle{}, err
		}
	}
	p.config.Logger.InfoContext(ctx, "bundle made", "number", number, "customer", r.Customer, "lists", len(b.Lists), "portraits", len(b.Portraits), "by", r.By)
	return b, nil
}

func (r BundleRequest) check() error {
	var problems []error
	if r.Life < time.Second || r.Life > bundle.MaxLife {
		problems = append(problems, fmt.Errorf("a bundle lives a second to %v, not %v", bundle.MaxLife, r.Life))
	}
	if r.MaxStatusAge < time.Second || r.MaxStatusAge > r.Life {
		problems = append(problems, fmt.Errorf("its lists count for a second up to its life of %v, not %v", r.Life, r.MaxStatusAge))
	}
	if len(r.Customer) > bundle.MaxCustomer {
		problems = append(problems, fmt.Errorf("the customer's name has %d bytes, at most %d are taken", len(r.Customer), bundle.MaxCustomer))
	}
	if r.TrustOnly && r.Portraits {
		problems = append(problems, errors.New("a bundle of keys alone has no portraits"))
	}
	return errors.Join(problems...)
}

// trustEntry is the issuer's entry in its trust list.
func (p *Program) trustEntry() (json.RawMessage, error) {
	list, err := p.TrustList()
	if err != nil {
		return nil, err
	}
	return json.Marshal(list.Issuers[0])
}

// bundleLists signs every list as it is now, to count for as long as is asked.
func (p *Program) bundleLists(ctx context.Context, at time.Time, r BundleRequest) ([]bundle.List, error) {
	// The first badge may be issued while the bundle is on its way.
	if _, err := p.config.Store.EnsureList(ctx, r.By); err != nil && !errors.Is(err, store.ErrListFull) {
		return nil, err
	}
	known, err := p.config.Store.Lists(ctx)
	if err != nil {
		return nil, err
	}
	var lists []bundle.List
	for _, l := range known {
		token, err := p.bundleList(ctx, l.ID, at, r.MaxStatusAge)
		if err != nil {
			return nil, fmt.Errorf("issuer: status list %d: %w", l.ID, err)
		}
		lists = append(lists, bundle.List{URI: p.ListURI(l.ID), IssuedAt: at, Token: token})
	}
	return lists, nil
}

func (p *Program) bundleList(ctx context.Context, listID int64, at time.Time, maxAge time.Duration) (string, error) {
	statuses, err := p.config.Store.Statuses(ctx, listID)
	if err != nil {
		return "", err
	}
	entries, err := revocation.ListOf(statuses.Packed)
	if err != nil {
		return "", err
	}
	encoded, err := entries.Encode()
	if err != nil {
		return "", err
	}
	return p.listSigner().Sign(revocation.Token{
		// A list counts up to its limit, and exp is the instant from which it does not.
		URI: p.ListURI(listID), IssuedAt: at, Seq: statuses.Version, Expires: at.Add(maxAge + time.Second), TTL: p.config.ListTTL,
	}, encoded)
}

// peopleAtOnce is how many people are read at once where all are.
const peopleAtOnce = 500

// bundlePortraits are those of everybody who is active, each once.
func (p *Program) bundlePortraits(ctx context.Context) ([][]byte, error) {
	var pictures [][]byte
	seen := make(map[portrait.Digest]bool)
	for after := ""; ; {
		page, err := p.People(ctx, after, peopleAtOnce)
		if err != nil {
			return nil, err
		}
		for _, person := range page {
			after = person.ID
			if !person.Active {
				continue
			}
			digest, err := p.config.Store.PortraitOf(ctx, person.ID)
			if errors.Is(err, store.ErrNotFound) || err == nil && seen[digest] {
				continue
			}
			if err != nil {
				return nil, err
			}
			found, err := p.config.Store.Portrait(ctx, digest.Name())
			if err != nil {
				return nil, err
			}
			seen[digest] = true
			pictures = append(pictures, found.Bytes)
		}
		if len(page) < peopleAtOnce {
			return pictures, nil
		}
	}
}
