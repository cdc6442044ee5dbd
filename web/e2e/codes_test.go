//go:build pages

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

type anyKey struct{}

func (anyKey) BadgeKey(credential.KeyHint) (*ecdsa.PublicKey, error) {
	return credentialtest.IssuerKey.PublicKey(), nil
}

// codes makes a gate code of the kind that is asked for, at the instant of the
// call: a code lives 90 seconds.
func (f *fixture) codes() http.Handler {
	kinds := map[string]func(context.Context) (string, error){
		"allowed":  f.allowed,
		"pictured": f.pictured,
		"remote": func(ctx context.Context) (string, error) {
			badge, err := f.somebody(ctx, credential.Remote)
			if err != nil {
				return "", err
			}
			return f.show(badge.Text, 0)
		},
		"stale": func(ctx context.Context) (string, error) {
			badge, err := f.both(ctx)
			if err != nil {
				return "", err
			}
			return f.show(badge, 10*time.Minute)
		},
		"revoked":   f.withStatus(store.Invalid),
		"suspended": f.withStatus(store.Suspended),
		"changed":   f.changed,
		"copied": func(ctx context.Context) (string, error) {
			badge, err := f.both(ctx)
			if err != nil {
				return "", err
			}
			return qr.Pack(f.url, badge)
		},
		"elsewhere": func(ctx context.Context) (string, error) { return f.elsewhere(ctx, credentialtest.IssuerURL) },
		"smuggled":  func(ctx context.Context) (string, error) { return f.elsewhere(ctx, f.url) },
		"scripted":  f.scripted,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := kinds[strings.TrimPrefix(r.URL.Path, "/")]
		if kind == nil {
			http.NotFound(w, r)
			return
		}
		code, err := kind(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, code)
	})
}

// show is what the phone does.
func (f *fixture) show(badge string, age time.Duration) (string, error) {
	presentation, err := f.bind(badge, age)
	if err != nil {
		return "", err
	}
	return qr.Pack(f.url, presentation)
}

func (f *fixture) bind(badge string, age time.Duration) (string, error) {
	return credential.Bind(badge, credentialtest.HolderKey, credential.Proof{
		Audience: credential.GateAudience, Nonce: rand.Text(), IssuedAt: time.Now().Add(-age),
	})
}

func (f *fixture) both(ctx context.Context) (string, error) {
	badge, err := f.somebody(ctx, credential.Onsite, credential.Remote)
	return badge.Text, err
}

func (f *fixture) allowed(ctx context.Context) (string, error) {
	badge, err := f.both(ctx)
	if err != nil {
		return "", err
	}
	return f.show(badge, 0)
}

func (f *fixture) pictured(ctx context.Context) (string, error) {
	badge, err := f.both(ctx)
	if err != nil {
		return "", err
	}
	badge, err = f.resigned(badge, func(c *credential.Claims) {
		c.Picture, c.PictureIntegrity = f.url+"/pictures/portrait", f.integrity()
	})
	if err != nil {
		return "", err
	}
	return f.show(badge, 0)
}

// scripted is an issuer's honest badge of somebody whose name is a page.
func (f *fixture) scripted(ctx context.Context) (string, error) {
	badge, err := f.both(ctx)
	if err != nil {
		return "", err
	}
	badge, err = f.resigned(badge, func(c *credential.Claims) {
		c.GivenName, c.FamilyName = "<img src=x onerror=alert(1)>", "<b>Bold</b>"
		c.Organization = "javascript:alert(1)"
		c.Picture, c.PictureIntegrity = f.url+"/pictures/portrait", "sha256-"+strings.Repeat("A", 43)+"="
	})
	if err != nil {
		return "", err
	}
	return f.show(badge, 0)
}

func (f *fixture) changed(ctx context.Context) (string, error) {
	badge, err := f.both(ctx)
	if err != nil {
		return "", err
	}
	presentation, err := f.bind(badge, 0)
	if err != nil {
		return "", err
	}
	// In the middle of the issuer's signature, where every character counts.
	at := strings.IndexByte(presentation, '~') - 40
	other := byte('A')
	if presentation[at] == other {
		other = 'B'
	}
	return qr.Pack(f.url, presentation[:at]+string(other)+presentation[at+1:])
}

func (f *fixture) withStatus(status store.Status) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		badge, err := f.somebody(ctx, credential.Onsite, credential.Remote)
		if err != nil {
			return "", err
		}
		if _, err := f.program.SetStatus(ctx, badge.ID, status, "test", "test"); err != nil {
			return "", err
		}
		return f.show(badge.Text, 0)
	}
}

// elsewhere is a good badge of another issuer, under the address of a check page.
func (f *fixture) elsewhere(_ context.Context, page string) (string, error) {
	claims := credentialtest.Claims()
	now := time.Now().Truncate(time.Hour)
	claims.IssuedAt, claims.NotBefore, claims.Expires = now, now, now.Add(24*time.Hour)
	signer, err := credential.NewIssuer(credential.IssuerConfig{
		URL: claims.Issuer, Types: []string{claims.Type}, Key: credentialtest.OtherKey, KeyID: credentialtest.OtherKey.ID(),
	})
	if err != nil {
		return "", err
	}
	draft, err := signer.Prepare(claims)
	if err != nil {
		return "", err
	}
	badge, err := signer.Sign(draft)
	if err != nil {
		return "", err
	}
	presentation, err := f.bind(badge, 0)
	if err != nil {
		return "", err
	}
	return qr.Pack(page, presentation)
}
