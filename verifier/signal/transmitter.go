package signal

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// Ways of delivery.
const (
	pushMethod = "urn:ietf:rfc:8935"
	pollMethod = "urn:ietf:rfc:8936"
)

// KeysAgain is how long an issuer's keys are not asked for again because of an
// unknown one: otherwise forged tokens could have them fetched without end.
const KeysAgain = time.Minute

// ErrUnknownKey is what [Transmitter.Key] returns for a key that the issuer does
// not name.
var ErrUnknownKey = errors.New("verifier/signal: the issuer does not sign signals with that key")

// Caller makes calls. fetch.Client is one; for polling its timeout has to be longer
// than an issuer holds a poll, a minute.
type Caller interface {
	Call(ctx context.Context, method, uri string, header http.Header, body []byte) (status int, answer []byte, err error)
}

// Transmitter is the issuer's side, as its metadata describe it. It is safe for
// concurrent use.
type Transmitter struct {
	caller   Caller
	token    string
	metadata metadata
	now      func() time.Time

	mu     sync.Mutex
	keys   []jose.Key
	looked time.Time
}

type metadata struct {
	Issuer        string   `json:"issuer"`
	Keys          string   `json:"jwks_uri"`
	Configuration string   `json:"configuration_endpoint"`
	Verification  string   `json:"verification_endpoint"`
	Methods       []string `json:"delivery_methods_supported"`
}

// Discover reads the metadata of an issuer's signals, at
// /.well-known/ssf-configuration. token is the API token that the issuer's office
// gave for them.
func Discover(ctx context.Context, caller Caller, issuer, token string, now func() time.Time) (*Transmitter, error) {
	at, err := metadataURL(issuer)
	if err != nil {
		return nil, fmt.Errorf("verifier/signal: %w", err)
	}
	t := &Transmitter{caller: caller, token: token, now: now}
	if err := t.call(ctx, http.MethodGet, at, nil, &t.metadata); err != nil {
		return nil, fmt.Errorf("verifier/signal: metadata: %w", err)
	}
	if t.metadata.Issuer != issuer {
		return nil, fmt.Errorf("verifier/signal: the metadata are those of %.200q, not of %q", t.metadata.Issuer, issuer)
	}
	if t.metadata.Keys == "" || t.metadata.Configuration == "" {
		return nil, errors.New("verifier/signal: the metadata name no keys, or no place for streams")
	}
	return t, nil
}

// metadataURL puts the well-known part between host and path (RFC 8615, as the
// framework's section 7.2 has it).
func metadataURL(issuer string) (string, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%.200q is not the URL of an issuer", issuer)
	}
	u.Path = "/.well-known/ssf-configuration" + strings.TrimSuffix(u.Path, "/")
	return u.String(), nil
}

// Issuer is the issuer's URL.
func (t *Transmitter) Issuer() string { return t.metadata.Issuer }

// Key implements [Keys] with the issuer's key set. It fails with [ErrUnknownKey], or
// because the set could not be fetched.
func (t *Transmitter) Key(ctx context.Context, keyID string) (*ecdsa.PublicKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if key := find(t.keys, keyID); key != nil {
		return key, nil
	}
	now := t.now()
	if age := now.Sub(t.looked); t.looked.IsZero() || age >= KeysAgain || age < 0 {
		keys, err := t.fetchKeys(ctx)
		if err != nil {
			return nil, err
		}
		t.keys, t.looked = keys, now
	}
	if key := find(t.keys, keyID); key != nil {
		return key, nil
	}
	return nil, ErrUnknownKey
}

func find(keys []jose.Key, keyID string) *ecdsa.PublicKey {
	i := slices.IndexFunc(keys, func(k jose.Key) bool { return k.ID == keyID && keyID != "" })
	if i < 0 {
		return nil
	}
	return keys[i].Public
}

func (t *Transmitter) fetchKeys(ctx context.Context) ([]jose.Key, error) {
	var text json.RawMessage
	if err := t.call(ctx, http.MethodGet, t.metadata.Keys, nil, &text); err != nil {
		return nil, fmt.Errorf("verifier/signal: keys: %w", err)
	}
	set, err := strictjson.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("verifier/signal: keys: %w", err)
	}
	keys, err := jose.ParseKeySet(set)
	if err != nil {
		return nil, fmt.Errorf("verifier/signal: keys: %w", err)
	}
	return keys, nil
}

// Stream is an agreement on what the issuer tells, and how.
type Stream struct {
	ID       string
	Audience []string // what tokens name as aud
	Polled   string   // where to poll; empty for a stream that is pushed
}

// Delivery is how tokens come: [Polled] or [Pushed].
type Delivery struct {
	Method        string `json:"method"`
	Endpoint      string `json:"endpoint_url,omitempty"`
	Authorization string `json:"authorization_header,omitempty"`
}

// Polled has the receiver ask for tokens (RFC 8936): it needs no address of its own.
func Polled() Delivery { return Delivery{Method: pollMethod} }

// Pushed has the issuer call the endpoint of [Receiver.Push] at that address, with
// that Authorization header.
func Pushed(address, authorization string) Delivery {
	return Delivery{Method: pushMethod, Endpoint: address, Authorization: authorization}
}

// streamView is a stream as the framework writes it (section 8.1.1).
type streamView struct {
	ID        string          `json:"stream_id,omitempty"`
	Audience  json.RawMessage `json:"aud,omitempty"`
	Delivery  Delivery        `json:"delivery"`
	Requested []Kind          `json:"events_requested"`
}

// Subscribe takes the stream that is there for this token, and brings it to that
// delivery; without one it makes one.
func (t *Transmitter) Subscribe(ctx context.Context, delivery Delivery) (Stream, error) {
	stream, err := t.subscribe(ctx, delivery)
	if err != nil {
		return Stream{}, fmt.Errorf("verifier/signal: stream: %w", err)
	}
	return stream, nil
}

func (t *Transmitter) subscribe(ctx context.Context, delivery Delivery) (Stream, error) {
	var held []streamView
	if err := t.call(ctx, http.MethodGet, t.metadata.Configuration, nil, &held); err != nil {
		return Stream{}, err
	}
	wanted := streamView{Delivery: delivery, Requested: []Kind{CredentialChange, DeviceComplianceChange, SessionRevoked}}
	method := http.MethodPost
	if len(held) > 0 {
		wanted.ID, method = held[0].ID, http.MethodPut
	}
	var made streamView
	if err := t.call(ctx, method, t.metadata.Configuration, wanted, &made); err != nil {
		return Stream{}, err
	}
	document, err := strictjson.Parse([]byte(`{"aud":` + string(made.Audience) + `}`))
	if err != nil {
		return Stream{}, err
	}
	stream := Stream{ID: made.ID, Audience: audiences(document)}
	if delivery.Method == pollMethod {
		stream.Polled = made.Delivery.Endpoint
	}
	if stream.ID == "" || len(stream.Audience) == 0 || delivery.Method == pollMethod && stream.Polled == "" {
		return Stream{}, errors.New("the issuer's answer lacks stream_id, aud, or where to poll")
	}
	return stream, nil
}

// call makes a call with the token and reads its answer.
func (t *Transmitter) call(ctx context.Context, method, uri string, request, into any) error {
	header := http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer " + t.token}}
	var body []byte
	if request != nil {
		header.Set("Content-Type", "application/json")
		var err error
		if body, err = json.Marshal(request); err != nil {
			return err
		}
	}
	status, answer, err := t.caller.Call(ctx, method, uri, header, body)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("HTTP status %d", status)
	}
	if into == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, into)
}
