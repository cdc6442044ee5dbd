package signal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// VerificationInterval is how much time lies between two verifications of a stream.
const VerificationInterval = time.Minute

// Configuration is a stream as its receiver sees it (SSF, section 8.1.1). The
// Authorization header that pushes have is never told.
type Configuration struct {
	ID                   string   `json:"stream_id"`
	Issuer               string   `json:"iss"`
	Audience             string   `json:"aud"`
	Delivery             Delivery `json:"delivery"`
	Supported            []string `json:"events_supported"`
	Requested            []string `json:"events_requested"`
	Delivered            []string `json:"events_delivered"`
	VerificationInterval int      `json:"min_verification_interval"` // seconds
	Description          string   `json:"description,omitempty"`
}

// Delivery is how a stream reaches its receiver (SSF, section 6.1).
type Delivery struct {
	Method   string `json:"method"`
	Endpoint string `json:"endpoint_url"`
}

func (d *Desk) configuration(s store.SignalStream, r store.SignalReceiver) Configuration {
	c := Configuration{
		ID: s.ID, Issuer: d.cfg.Issuer, Audience: r.Audience, Delivery: Delivery{Push, s.Endpoint},
		Supported: r.Events, Requested: listed(s.Requested), Delivered: listed(s.Delivered),
		VerificationInterval: int(VerificationInterval / time.Second), Description: s.Description,
	}
	if s.Endpoint == "" {
		c.Delivery = Delivery{Poll, d.cfg.Issuer + PollPath + s.ID}
	}
	return c
}

// listed is never null in JSON.
func listed(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Create makes a receiver's stream (SSF, section 8.1.1.1). There is one for each, else
// the error is [Taken].
func (d *Desk) Create(ctx context.Context, receiver string, body []byte) (Configuration, error) {
	r, err := d.receiver(ctx, receiver)
	if err != nil {
		return Configuration{}, err
	}
	s := store.SignalStream{ID: rand.Text(), Receiver: r.Name, CreatedAt: d.cfg.Now(), Requested: r.Events}
	call, err := readCall(body)
	if err == nil {
		err = errors.Join(call.match("iss", d.cfg.Issuer), call.match("aud", r.Audience))
	}
	if err == nil {
		err = d.supplied(call, &s, false)
	}
	if err != nil {
		return Configuration{}, err
	}
	s.Delivered = both(s.Requested, r.Events)
	err = d.cfg.Store.AddSignalStream(ctx, s)
	if errors.Is(err, store.ErrAlreadyExists) {
		return Configuration{}, refuse(Taken, "You have a stream. Read it from the configuration endpoint; change or delete it, instead of making another.")
	}
	if err != nil {
		return Configuration{}, err
	}
	d.cfg.Logger.InfoContext(ctx, "stream of signals created", "receiver", r.Name, "stream", s.ID)
	return d.configuration(s, r), nil
}

// both are the types requested that are supported, each once.
func both(requested, supported []string) []string {
	var list []string
	for _, eventType := range supported {
		if slices.Contains(requested, eventType) {
			list = append(list, eventType)
		}
	}
	return list
}

// Streams returns the streams of a receiver: one or none.
func (d *Desk) Streams(ctx context.Context, receiver string) ([]Configuration, error) {
	r, err := d.receiver(ctx, receiver)
	if err != nil {
		return nil, err
	}
	s, err := d.cfg.Store.SignalStream(ctx, r.Name)
	if errors.Is(err, store.ErrNotFound) {
		return []Configuration{}, nil
	}
	if err != nil {
		return nil, err
	}
	return []Configuration{d.configuration(s, r)}, nil
}

// Read returns one stream of a receiver.
func (d *Desk) Read(ctx context.Context, receiver, id string) (Configuration, error) {
	r, s, err := d.stream(ctx, receiver, id)
	if err != nil {
		return Configuration{}, err
	}
	return d.configuration(s, r), nil
}

// Update changes what the body has of a stream (SSF, section 8.1.1.3).
func (d *Desk) Update(ctx context.Context, receiver string, body []byte) (Configuration, error) {
	return d.configure(ctx, receiver, body, false)
}

// Replace changes a stream to what the body has, and to the defaults for what it does
// not have (SSF, section 8.1.1.4).
func (d *Desk) Replace(ctx context.Context, receiver string, body []byte) (Configuration, error) {
	return d.configure(ctx, receiver, body, true)
}

func (d *Desk) configure(ctx context.Context, receiver string, body []byte, whole bool) (Configuration, error) {
	call, err := readCall(body)
	if err != nil {
		return Configuration{}, err
	}
	r, s, err := d.named(ctx, receiver, call)
	if err != nil {
		return Configuration{}, err
	}
	if err := call.matchSupplied(d.configuration(s, r)); err != nil {
		return Configuration{}, err
	}
	if whole {
		s.Requested, s.Description = r.Events, ""
	}
	if err := d.supplied(call, &s, whole); err != nil {
		return Configuration{}, err
	}
	s.Delivered = both(s.Requested, r.Events)
	if err := d.cfg.Store.ConfigureSignalStream(ctx, s); err != nil {
		return Configuration{}, gone(err)
	}
	return d.configuration(s, r), nil
}

// match refuses a member of ours that has another value than the one expected; it may
// be absent.
func (c call) match(name, want string) error {
	if list, given, err := c.texts(name, 1, store.MaxText); given && err == nil && len(list) == 1 && list[0] == want {
		return nil
	}
	got, given, err := c.text(name, store.MaxText)
	if err != nil || given && got != want {
		return invalid("%s is %q and can't be changed", name, want)
	}
	return nil
}

// matchSupplied refuses members that only we supply and that are not as they are
// (SSF, sections 8.1.1.3 and 8.1.1.4).
func (c call) matchSupplied(now Configuration) error {
	problems := []error{c.match("iss", now.Issuer), c.match("aud", now.Audience)}
	for name, want := range map[string][]string{"events_supported": now.Supported, "events_delivered": now.Delivered} {
		got, given, err := c.texts(name, store.MaxSignalEvents, store.MaxText)
		slices.Sort(got)
		if err != nil || given && !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			problems = append(problems, invalid("%s is %q and is not yours to change; leave it out", name, want))
		}
	}
	if v, given := c.value.Member("min_verification_interval"); given {
		if n, whole := v.Integer(); !whole || n != int64(now.VerificationInterval) {
			problems = append(problems, invalid("min_verification_interval is %d and is not yours to change; leave it out", now.VerificationInterval))
		}
	}
	if _, given := c.value.Member("inactivity_timeout"); given {
		problems = append(problems, invalid("streams have no inactivity_timeout here; leave it out"))
	}
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

// supplied reads what receivers supply into a stream.
func (d *Desk) supplied(c call, s *store.SignalStream, whole bool) error {
	requested, given, err := c.texts("events_requested", store.MaxSignalEvents, store.MaxText/4)
	if err != nil {
		return err
	}
	if given {
		s.Requested = unrepeated(requested)
	}
	description, given, err := c.text("description", store.MaxText)
	if err != nil {
		return err
	}
	if given {
		s.Description = description
	}
	return d.suppliedDelivery(c, s, whole)
}

// unrepeated leaves out what stands there before, and what could be no type: types
// that we do not know are passed over (SSF, section 8.1.1).
func unrepeated(list []string) []string {
	var kept []string
	for _, eventType := range list {
		if eventType != "" && !slices.Contains(kept, eventType) && isURIText(eventType) {
			kept = append(kept, eventType)
		}
	}
	return kept
}

func isURIText(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// maxAuthorization is how long an Authorization header may be, in bytes.
const maxAuthorization = 4096

func (d *Desk) suppliedDelivery(c call, s *store.SignalStream, whole bool) error {
	v, given := c.value.Member("delivery")
	if !given {
		if whole {
			s.Endpoint, s.Authorization = "", nil
		}
		return nil
	}
	delivery := call{v}
	method, _, err := delivery.text("method", store.MaxText)
	if err != nil {
		return err
	}
	switch method {
	case Poll:
		s.Endpoint, s.Authorization = "", nil
		return delivery.match("endpoint_url", d.cfg.Issuer+PollPath+s.ID)
	case Push:
		return d.suppliedPush(delivery, s)
	}
	return invalid("delivery.method is %s or %s", Push, Poll)
}

func (d *Desk) suppliedPush(c call, s *store.SignalStream) error {
	endpoint, _, err := c.text("endpoint_url", store.MaxText)
	if err != nil {
		return err
	}
	if err := d.cfg.Client.CheckURL(endpoint); err != nil {
		return invalid("delivery.endpoint_url is not called from here: %v", err)
	}
	header, given, err := c.text("authorization_header", maxAuthorization)
	if err != nil {
		return err
	}
	if given && !isHeaderText(header) {
		return invalid("delivery.authorization_header has a character that headers do not have")
	}
	// We never tell the header, so who reads the configuration and writes it back does
	// not have it. To another address it must not go.
	if given || endpoint != s.Endpoint {
		s.Authorization = d.sealer.seal(s.ID, header)
	}
	s.Endpoint = endpoint
	return nil
}

func isHeaderText(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// Delete ends a receiver's stream; what waits on it is given up.
func (d *Desk) Delete(ctx context.Context, receiver, id string) error {
	r, s, err := d.stream(ctx, receiver, id)
	if err != nil {
		return err
	}
	return gone(d.cfg.Store.RemoveSignalStream(ctx, s.ID, actor(r.Name), d.cfg.Now()))
}

// actor is a receiver in events.
func actor(receiver string) string { return fmt.Sprintf("receiver:%s", receiver) }
