package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall/js"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// MaxClockOffset bounds by how much a page may correct the device's clock.
const MaxClockOffset = 10 * 365 * 24 * time.Hour

// settings of a verifier. Trust or Roots is required.
type settings struct {
	Trust                   string          `json:"trust"` // the trust list's text, as it was served
	Roots                   []root          `json:"roots"` // see verifier.Root
	Lists                   []loadedList    `json:"lists"` // known from the start
	Policy                  verifier.Policy `json:"policy"`
	MaxStatusAgeSeconds     int64           `json:"maxStatusAgeSeconds"`     // revocation.DefaultMaxAge when zero
	ClockOffsetMilliseconds int64           `json:"clockOffsetMilliseconds"` // added to the device's clock
}

// root is a pinned root key. Of an issuer that it names the bundle is believed and not
// what the trust list says.
type root struct {
	Root     string `json:"root"` // the fingerprint, as text or as words
	Issuer   string `json:"issuer"`
	Customer string `json:"customer"`
	// Manifest is the bundle that was held, or its first line; empty for none yet.
	Manifest string `json:"manifest"`
}

type loadedList struct {
	Issuer string `json:"issuer"`
	URI    string `json:"uri"`
	Token  string `json:"token"`
}

// request is what is asked of a decision; see verifier.Request.
type request struct {
	Access   credential.Access `json:"access"`
	Site     string            `json:"site"`
	Nonce    string            `json:"nonce"`
	Audience string            `json:"audience"`
	Gate     string            `json:"gate"`
	Policy   verifier.Policy   `json:"policy"`
}

// reasons is what a page must have words for.
var reasons = []any{
	string(verifier.OK), string(verifier.Malformed), string(verifier.Unsupported), string(verifier.UntrustedIssuer),
	string(verifier.UnknownKey), string(verifier.BadSignature), string(verifier.BadDisclosure), string(verifier.Expired),
	string(verifier.NotYetValid), string(verifier.HolderBindingMissing), string(verifier.HolderBindingInvalid),
	string(verifier.StalePresentation), string(verifier.Replayed), string(verifier.Revoked), string(verifier.Suspended),
	string(verifier.StatusUnavailable), string(verifier.StatusStale), string(verifier.AccessNotGranted),
	string(verifier.PolicyDenied), string(verifier.InternalError),
}

func newAPI() map[string]any {
	return map[string]any{
		"open":    function(open),
		"unpack":  function(unpack),
		"reasons": reasons,
	}
}

func unpack(args []js.Value) (any, error) {
	text, err := textAt(args, 0)
	if err != nil {
		return nil, err
	}
	return qr.Unpack(text)
}

func open(args []js.Value) (any, error) {
	var given settings
	if err := jsonAt(args, 0, &given); err != nil {
		return nil, err
	}
	trust, roots, err := given.believed()
	if err != nil {
		return nil, err
	}
	c := &clock{}
	if err := c.set(given.ClockOffsetMilliseconds); err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Config{
		Trust:        trust,
		Roots:        roots,
		Fetcher:      fetcherAt(args, 1),
		MaxStatusAge: time.Duration(given.MaxStatusAgeSeconds) * time.Second,
		Policy:       given.Policy,
		Now:          c.now,
	})
	if err != nil {
		return nil, err
	}
	for _, list := range given.Lists {
		if err := v.LoadList(list.Issuer, list.URI, list.Token); err != nil {
			return nil, errors.Join(err, v.Close())
		}
	}
	return newHandle(v, c), nil
}

// believed is the trust list and the root keys.
func (s *settings) believed() (*verifier.Trust, []verifier.Root, error) {
	var roots []verifier.Root
	trust := &verifier.Trust{}
	if s.Trust != "" || len(s.Roots) == 0 {
		var err error
		if trust, err = verifier.ParseTrust([]byte(s.Trust)); err != nil {
			return nil, nil, err
		}
	}
	for _, given := range s.Roots {
		key, err := bundle.ParseFingerprint(given.Root)
		if err != nil {
			return nil, nil, err
		}
		roots = append(roots, verifier.Root{Key: key, Issuer: given.Issuer, Customer: given.Customer, Held: given.Manifest})
		trust = trust.Without(given.Issuer)
	}
	return trust, roots, nil
}

// newHandle is a verifier as scripts see it.
func newHandle(v *verifier.Verifier, c *clock) map[string]any {
	h := handle{v, c}
	return map[string]any{
		"verify":         function(h.verify),
		"loadList":       function(h.loadList),
		"useBundle":      function(h.useBundle),
		"lists":          function(h.lists),
		"status":         function(h.status),
		"setClockOffset": function(h.setClockOffset),
		"close":          function(h.close),
	}
}

type handle struct {
	verifier *verifier.Verifier
	clock    *clock
}

func (h handle) verify(args []js.Value) (any, error) {
	presentation, err := textAt(args, 0)
	if err != nil {
		return nil, err
	}
	var asked request
	if err := jsonAt(args, 1, &asked); err != nil {
		return nil, err
	}
	// A promise, because a list may have to be fetched, and waiting for it here
	// would keep the browser from fetching.
	return promise(func() (string, error) {
		decision := h.verifier.Verify(context.Background(), presentation, verifier.Request(asked))
		text, err := json.Marshal(decision)
		return string(text), err
	}), nil
}

func (h handle) loadList(args []js.Value) (any, error) {
	var texts [3]string
	for i := range texts {
		var err error
		if texts[i], err = textAt(args, i); err != nil {
			return nil, err
		}
	}
	return nil, h.verifier.LoadList(texts[0], texts[1], texts[2])
}

// heldBundle is a bundle as pages show it, with its first line, which they keep.
type heldBundle struct {
	Issuer   string    `json:"issuer"`
	Customer string    `json:"customer,omitempty"`
	Root     string    `json:"root"`
	Number   uint64    `json:"number"`
	IssuedAt time.Time `json:"issuedAt"`
	Expires  time.Time `json:"expires"`
	Lists    int       `json:"lists"`
	Manifest string    `json:"manifest"`
}

// useBundle takes the text of a file that somebody chose.
func (h handle) useBundle(args []js.Value) (any, error) {
	text, err := textAt(args, 0)
	if err != nil {
		return nil, err
	}
	held, err := h.verifier.UseBundle(text)
	if err != nil {
		return nil, err
	}
	shown, err := json.Marshal(heldBundle{
		held.Issuer, held.Customer, held.Root.String(), held.Number, held.IssuedAt, held.Expires, held.Lists, held.Manifest,
	})
	return string(shown), err
}

// heldList is a list without the list: pages show how old it is.
type heldList struct {
	Issuer   string    `json:"issuer"`
	URI      string    `json:"uri"`
	IssuedAt time.Time `json:"issuedAt"`
	Expires  time.Time `json:"expires,omitzero"`
}

func (h handle) lists([]js.Value) (any, error) {
	held := []heldList{}
	for _, list := range h.verifier.Lists() {
		held = append(held, heldList{list.Issuer, list.URI, list.IssuedAt, list.Expires})
	}
	text, err := json.Marshal(held)
	return string(text), err
}

// status is what the lists that are held say now of a badge that was verified before,
// as the reason of a decision; empty when they say nothing that counts.
func (h handle) status(args []js.Value) (any, error) {
	issuer, err := textAt(args, 0)
	if err != nil {
		return nil, err
	}
	list, err := textAt(args, 1)
	if err != nil {
		return nil, err
	}
	if len(args) < 3 || args[2].Type() != js.TypeNumber || args[2].Float() < 0 {
		return nil, errors.New("the index is not a number")
	}
	held, err := h.verifier.Status(issuer, credential.StatusRef{URI: list, Index: uint64(args[2].Float())})
	switch {
	case err != nil:
		return "", nil
	case held.Status == revocation.Valid:
		return string(verifier.OK), nil
	case held.Status == revocation.Invalid:
		return string(verifier.Revoked), nil
	case held.Status == revocation.Suspended:
		return string(verifier.Suspended), nil
	}
	return "", nil
}

func (h handle) setClockOffset(args []js.Value) (any, error) {
	if len(args) < 1 || args[0].Type() != js.TypeNumber {
		return nil, errors.New("the offset is not a number of milliseconds")
	}
	return nil, h.clock.set(int64(args[0].Float()))
}

func (h handle) close([]js.Value) (any, error) { return nil, h.verifier.Close() }

// clock is the device's clock with a correction.
type clock struct{ offset atomic.Int64 } // nanoseconds

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) set(milliseconds int64) error {
	if limit := MaxClockOffset.Milliseconds(); milliseconds > limit || milliseconds < -limit {
		return fmt.Errorf("the clock would be moved by %d ms, at most %d are taken", milliseconds, limit)
	}
	c.offset.Store(int64(time.Duration(milliseconds) * time.Millisecond))
	return nil
}

// fetcherAt is nil when the argument is no function.
func fetcherAt(args []js.Value, i int) revocation.Fetcher {
	if len(args) <= i || args[i].Type() != js.TypeFunction {
		return nil
	}
	return fetcher{args[i]}
}

// codeOf is empty for what is not the failure of a check.
func codeOf(err error) string {
	var refused *code.Error
	if errors.As(err, &refused) {
		return string(refused.Code)
	}
	return ""
}
