package signal

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// MaxName is how long the name of a receiver may be.
const MaxName = 64

// Registration asks for a receiver.
type Registration struct {
	Name          string // 1 to MaxName lower-case letters, digits and hyphens
	Audience      string
	Algorithm     store.SignalAlgorithm     // ES256 when empty
	SubjectFormat store.SignalSubjectFormat // iss_sub when empty
	Events        []string                  // of Types; credential-change and session-revoked when empty
	ChosenOnly    bool                      // tells of nobody but whom the receiver adds
	Badges        bool                      // says which badge an event is about
	By            string
}

// Register registers a receiver, and makes the key that its signatures need, if there
// is none.
func (d *Desk) Register(ctx context.Context, g Registration) (store.SignalReceiver, error) {
	r := store.SignalReceiver{
		Name: g.Name, Audience: g.Audience, Algorithm: g.Algorithm, SubjectFormat: g.SubjectFormat, Events: g.Events,
		Everybody: !g.ChosenOnly, Badges: g.Badges, By: g.By, CreatedAt: d.cfg.Now().UTC().Truncate(time.Microsecond),
	}
	if r.Algorithm == "" {
		r.Algorithm = store.SignalES256
	}
	if r.SubjectFormat == "" {
		r.SubjectFormat = store.SignalIssuerSubject
	}
	if len(r.Events) == 0 {
		r.Events = []string{CredentialChange, SessionRevoked}
	}
	if err := checkReceiver(r); err != nil {
		return r, err
	}
	if err := r.Validate(); err != nil {
		return r, err
	}
	if err := d.makeKey(ctx, r.Algorithm, g.By); err != nil {
		return r, err
	}
	if err := d.cfg.Store.AddSignalReceiver(ctx, r); err != nil {
		return r, err
	}
	d.cfg.Logger.InfoContext(ctx, "receiver of signals added", "receiver", r.Name, "by", g.By)
	return r, nil
}

func checkReceiver(r store.SignalReceiver) error {
	if !isName(r.Name) {
		return invalid("a receiver's name has 1 to %d lower-case letters, digits and hyphens, and begins with a letter", MaxName)
	}
	if u, err := url.Parse(r.Audience); err != nil || u.Scheme == "" {
		return invalid("the audience is a URI that identifies the receiver, such as https://gate.customer.example")
	}
	for n, eventType := range r.Events {
		if !slices.Contains(Types(), eventType) || slices.Contains(r.Events[:n], eventType) {
			return invalid("events are some of %v, each once", Types())
		}
	}
	return nil
}

func isName(name string) bool {
	if name == "" || len(name) > MaxName || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// ReceiverState is a receiver, its stream and how that is doing; a stream without an
// id is none.
type ReceiverState = store.SignalStreamState

// Receivers returns every receiver, by name.
func (d *Desk) Receivers(ctx context.Context) ([]ReceiverState, error) {
	receivers, err := d.cfg.Store.SignalReceivers(ctx)
	if err != nil {
		return nil, err
	}
	streams, err := d.cfg.Store.SignalStreams(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]ReceiverState, len(receivers))
	for i, r := range receivers {
		list[i].For = r
		at := slices.IndexFunc(streams, func(s ReceiverState) bool { return s.Receiver == r.Name })
		if at >= 0 {
			list[i] = streams[at]
		}
	}
	return list, nil
}

// Receiver returns one receiver, or store.ErrNotFound.
func (d *Desk) Receiver(ctx context.Context, name string) (ReceiverState, error) {
	if _, err := d.cfg.Store.SignalReceiver(ctx, name); err != nil {
		return ReceiverState{}, err
	}
	all, err := d.Receivers(ctx)
	if err != nil {
		return ReceiverState{}, err
	}
	at := slices.IndexFunc(all, func(s ReceiverState) bool { return s.For.Name == name })
	if at < 0 {
		return ReceiverState{}, store.ErrNotFound
	}
	return all[at], nil
}

// Refused returns what a receiver refused for good, the newest first.
func (d *Desk) Refused(ctx context.Context, streamID string) ([]store.QueuedSignal, error) {
	return d.cfg.Store.RefusedSignals(ctx, streamID, MaxPoll)
}

// Hold pauses a receiver's stream, or disables it, until the office resumes it; its
// receiver is told on the stream.
func (d *Desk) Hold(ctx context.Context, name string, to store.SignalStatus, reason, by string) error {
	return d.set(ctx, name, to, reason, by)
}

// Resume has a receiver's stream flow again.
func (d *Desk) Resume(ctx context.Context, name, reason, by string) error {
	return d.set(ctx, name, store.SignalEnabled, reason, by)
}

func (d *Desk) set(ctx context.Context, name string, to store.SignalStatus, reason, by string) error {
	s, err := d.cfg.Store.SignalStream(ctx, name)
	if err != nil {
		return err
	}
	_, err = d.cfg.Store.SetSignalStatus(ctx, store.SignalStatusChange{
		StreamID: s.ID, To: to, Reason: reason, Office: true, By: by, At: d.cfg.Now(), Told: streamUpdated(to, reason),
	})
	return err
}

// Requeue has what a receiver refused tried again.
func (d *Desk) Requeue(ctx context.Context, name, by string) (int, error) {
	s, err := d.cfg.Store.SignalStream(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		_, err = d.cfg.Store.SignalReceiver(ctx, name)
		return 0, err
	}
	if err != nil {
		return 0, err
	}
	return d.cfg.Store.RequeueSignals(ctx, s.ID, by, d.cfg.Now())
}

// Remove forgets a receiver, its stream and what waits on it. Its tokens are the
// caller's to end.
func (d *Desk) Remove(ctx context.Context, name, by string) error {
	return d.cfg.Store.RemoveSignalReceiver(ctx, name, by, d.cfg.Now())
}
