package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/signal"
)

// signalsSection is an issuer whose Shared Signals a service hears, beside its
// lists. Without address it polls; with one the issuer pushes to it.
type signalsSection struct {
	Issuer        string        `yaml:"issuer"`
	Token         config.Secret `yaml:"token"`
	Address       string        `yaml:"address"`
	Authorization config.Secret `yaml:"authorization"`
}

// pollTimeout is longer than an issuer holds a poll.
const pollTimeout = time.Minute

// hearing is what a service does about one issuer's signals.
type hearing struct {
	section  signalsSection
	client   *fetch.Client
	verifier *verifier.Verifier
	now      func() time.Time
	logger   *slog.Logger
	pushed   atomic.Pointer[http.Handler] // once the issuer has agreed to push
}

// signals makes what hears the issuers of the settings. Its errors are those of the
// configuration.
func (f *verifierFolder) signals(v *verifier.Verifier, logger *slog.Logger) (hearings, error) {
	fail := func(section signalsSection, err error) (hearings, error) {
		return nil, misuse("%s: verifier.signals: %s: %w", f.file(verifierConfigFile), section.Issuer, err)
	}
	var all hearings
	for _, section := range f.config.Signals {
		if err := section.check(v.Trust().Issuers()); err != nil {
			return fail(section, err)
		}
		network, err := f.config.Fetch.settings()
		if err != nil {
			return fail(section, err)
		}
		if f.config.Fetch.Off {
			return fail(section, errors.New("signals come over the network; take verifier.fetch.off out"))
		}
		network.Timeout = pollTimeout
		client, err := fetch.New(network)
		if err != nil {
			return fail(section, err)
		}
		all = append(all, &hearing{section: section, client: client, verifier: v, now: f.now, logger: logger})
	}
	return all, nil
}

func (s signalsSection) check(trusted []string) error {
	var problems []error
	if !slices.Contains(trusted, s.Issuer) {
		problems = append(problems, errors.New("not an issuer of the trust list"))
	}
	if !s.Token.IsSet() {
		problems = append(problems, errors.New("no token: give the one that the issuer's office made, as token: {file: PATH}"))
	}
	if s.Address != "" && !s.Authorization.IsSet() {
		problems = append(problems, errors.New("with address, give the secret that the issuer is to send, as authorization: {file: PATH}"))
	}
	return errors.Join(problems...)
}

// hearings are all of a service. As a handler it takes what issuers push: it finds
// out by the secret which of them calls.
type hearings []*hearing

func (all hearings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	for _, h := range all {
		agreed := sha256.Sum256([]byte(h.authorization()))
		receiver := h.pushed.Load()
		if receiver != nil && subtle.ConstantTimeCompare(given[:], agreed[:]) == 1 {
			(*receiver).ServeHTTP(w, r)
			return
		}
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	w.WriteHeader(http.StatusUnauthorized)
}

// arePushed reports whether an issuer is to call.
func (all hearings) arePushed() bool {
	return slices.ContainsFunc(all, func(h *hearing) bool { return h.section.Address != "" })
}

// run hears all issuers until ctx is done.
func (all hearings) run(ctx context.Context) error {
	var listening sync.WaitGroup
	for _, h := range all {
		listening.Go(func() { h.run(ctx) })
	}
	listening.Wait()
	return nil
}

func (h *hearing) authorization() string { return "Bearer " + h.section.Authorization.Reveal() }

// run hears one issuer until ctx is done. After a failure it waits longer each time,
// and never all of it: services that lost an issuer must not come back in one moment.
func (h *hearing) run(ctx context.Context) {
	defer h.client.Close()
	for wait := signal.PollAgain; ; wait = min(2*wait, signal.MaxPollAgain) {
		err := h.hear(ctx)
		if ctx.Err() != nil {
			return
		}
		h.logger.WarnContext(ctx, "signals not heard", "issuer", h.section.Issuer, "again_within", wait, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

func (h *hearing) hear(ctx context.Context) error {
	far, err := signal.Discover(ctx, h.client, h.section.Issuer, h.section.Token.Reveal(), h.now)
	if err != nil {
		return err
	}
	delivery := signal.Polled()
	if h.section.Address != "" {
		delivery = signal.Pushed(h.section.Address, h.authorization())
	}
	stream, err := far.Subscribe(ctx, delivery)
	if err != nil {
		return err
	}
	receiver, err := signal.New(signal.Config{
		Issuer: h.section.Issuer, Audience: stream.Audience, Keys: far.Key,
		Target: h.verifier, Now: h.now, Logger: h.logger,
	})
	if err != nil {
		return err
	}
	if stream.Polled != "" {
		return receiver.Poll(ctx, far, stream)
	}
	handler := receiver.Push(h.authorization())
	h.pushed.Store(&handler)
	<-ctx.Done()
	return ctx.Err()
}
