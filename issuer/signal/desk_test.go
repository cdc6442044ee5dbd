package signal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// wantRefused insists on the kind of a refusal.
func wantRefused(t testing.TB, what string, err error, why signal.Why) {
	t.Helper()
	var refused *signal.RefusedError
	if !errors.As(err, &refused) || refused.Why != why || refused.Detail == "" {
		t.Errorf("%s: %v, want it refused as %s", what, err, why)
	}
}

func TestNew_ReportsEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := signal.New(signal.Config{Issuer: "https://x/"})
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 5 {
		t.Errorf("got %v", err)
	}
}

func TestRegister_RefusesWhatItCantKeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := signal.Registration{Name: "gate", Audience: audience, By: "local"}
	for name, spoil := range map[string]func(*signal.Registration){
		"no name":          func(g *signal.Registration) { g.Name = "" },
		"capitals":         func(g *signal.Registration) { g.Name = "Gate" },
		"a digit first":    func(g *signal.Registration) { g.Name = "1gate" },
		"too long a name":  func(g *signal.Registration) { g.Name = strings.Repeat("g", signal.MaxName+1) },
		"no audience":      func(g *signal.Registration) { g.Audience = "gate" },
		"an unknown event": func(g *signal.Registration) { g.Events = []string{signal.Verification} },
		"an event twice":   func(g *signal.Registration) { g.Events = []string{signal.SessionRevoked, signal.SessionRevoked} },
		"RSA without a place": func(g *signal.Registration) {
			g.Algorithm = store.SignalRS256
			client := outboundtest.Client(t, outbound.Config{})
			w.desk = w.open(t, func(c *signal.Config) { c.RSA, c.Client = nil, client })
		},
	} {
		bad := good
		spoil(&bad)
		_, err := w.desk.Register(t.Context(), bad)
		wantRefused(t, name, err, signal.Invalid)
	}
	bad := good
	bad.Algorithm = "none"
	if _, err := w.desk.Register(t.Context(), bad); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("another algorithm: %v", err)
	}
	if _, _, err := w.program.SigningKey(store.ForSignals); err == nil {
		t.Error("a refused registration made a key")
	}
	if _, err := w.desk.Register(t.Context(), good); err != nil {
		t.Error(err)
	}
	if _, err := w.desk.Register(t.Context(), good); !errors.Is(err, store.ErrAlreadyExists) {
		t.Errorf("again: %v", err)
	}
	if keys, err := w.desk.KeySet(); err != nil || len(keys.Keys) != 1 {
		t.Errorf("%v %v", keys, err)
	}
}
