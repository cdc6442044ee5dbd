package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

// demoGate is a tablet at a gate, as the page on it calls the verifier's service.
type demoGate struct {
	api *api
	id  string
}

// inviteGate makes a pairing code as verifier gate pair does.
func (d *demo) inviteGate(ctx context.Context, side *verifierFolder, name string) (paired pairingCode, err error) {
	err = withGates(ctx, side.path, d.settings(), func(folder *verifierFolder, gates *gateSide) (err error) {
		paired, err = invite(ctx, folder, gates, gate.Invitation{
			Name: name, Site: folder.config.Site, Access: credential.Onsite, By: "demo",
		})
		return err
	})
	return paired, err
}

// pairGate makes a new tablet the gate that the code is for, and opens its session.
func pairGate(ctx context.Context, verifierURL, code string, now func() time.Time) (*demoGate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	jwk, err := credential.MarshalJWK(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	g := &demoGate{api: &api{client: &http.Client{Transport: &sessionKeeper{}}, base: verifierURL}}
	var paired struct{ Gate gate.Gate }
	if err := g.post(ctx, "pairing", map[string]any{"code": code, "key": json.RawMessage(jwk)}, &paired); err != nil {
		return nil, err
	}
	g.id = paired.Gate.ID
	var fresh struct{ Nonce string }
	if err := g.post(ctx, "nonce", struct{}{}, &fresh); err != nil {
		return nil, err
	}
	header, err := jose.MarshalHeader(gate.ProofType, jose.Header{KeyID: g.id})
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(map[string]any{"aud": gate.ProofAudience, "nonce": fresh.Nonce, "iat": now().Unix()})
	if err != nil {
		return nil, err
	}
	proof, err := jose.Sign(key, header, payload)
	if err != nil {
		return nil, err
	}
	return g, g.post(ctx, "session", map[string]string{"proof": proof}, nil)
}

func (g *demoGate) post(ctx context.Context, path string, body, result any) error {
	return g.api.post(ctx, verifierserver.GatePath+"v1/"+path, body, result)
}

// hear listens to the gate's events until ctx is done. It calls heard once it is
// connected, with no reason, and then with the one for which the decision's grant has
// ended.
func (g *demoGate) hear(ctx context.Context, decision string, heard func(verifier.Reason)) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.api.base+verifierserver.GatePath+"v1/events", nil)
	if err != nil {
		return err
	}
	response, err := g.api.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the gate's events: %s", response.Status)
	}
	lines := bufio.NewScanner(response.Body)
	for name := ""; lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "event":
			name = value
		case field == "data" && name == "hello":
			heard("")
		case field == "data" && name == "ended":
			var ended struct {
				Decision string
				Reason   verifier.Reason
			}
			if err := json.Unmarshal([]byte(value), &ended); err != nil {
				return err
			}
			if ended.Decision == decision {
				heard(ended.Reason)
			}
		}
	}
	return cmp.Or(lines.Err(), errors.New("the gate's events ended"))
}

// sessionKeeper keeps the session's cookie, as a browser does. A cookie jar would not
// send it: it is for TLS, and only browsers count this machine as safe without.
type sessionKeeper struct{ cookie string }

// RoundTrip implements http.RoundTripper.
func (k *sessionKeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	if k.cookie != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Cookie", k.cookie)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for _, c := range response.Cookies() {
		if c.Name == verifierserver.SessionCookie {
			k.cookie = c.Name + "=" + c.Value
		}
	}
	return response, nil
}
