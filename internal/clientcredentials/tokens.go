package clientcredentials

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
)

// Bounds of an access token.
const (
	Margin   = 5 * time.Minute // before its end a token is not given out any more
	MaxLife  = 24 * time.Hour  // it is not kept for longer, whatever the service says
	MaxToken = 16 << 10        // bytes
)

// ErrNoToken is an answer that says yes and holds no bearer token.
var ErrNoToken = errors.New("the sign-in service answered with something that is no token; check its address")

// StatusError is an answer that says no.
type StatusError struct {
	Response outbound.Response
	Code     string // the answer's error code (RFC 6749, section 5.2); "" if it has none
}

// Error implements the error interface.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the sign-in service answered %d (%s): check the client id and secret", e.Response.Status, e.Reason())
}

// Reason is the code, or says that there is none.
func (e *StatusError) Reason() string {
	if e.Code == "" {
		return "no reason given"
	}
	return e.Code
}

// Doer makes one HTTP call. An *outbound.Client is one.
type Doer interface {
	Do(context.Context, outbound.Request) (outbound.Response, error)
}

// Config is what [Tokens] needs. Everything but Scope and Now is required.
type Config struct {
	URL          string // of the token endpoint
	ClientID     string
	ClientSecret string
	Scope        string
	Client       Doer
	Now          func() time.Time // time.Now when nil
}

// Tokens gets and keeps the tokens of one client. It is safe for concurrent use.
type Tokens struct {
	cfg Config

	mu           sync.Mutex // held while a token is fetched: one for all who wait
	token        string
	usableBefore time.Time
}

// New reports everything that is wrong with the configuration at once. It calls
// nobody.
func New(cfg Config) (*Tokens, error) {
	var problems []error
	for _, missing := range []struct {
		is   bool
		name string
	}{
		{cfg.URL == "", "URL"}, {cfg.ClientID == "", "ClientID"}, {cfg.ClientSecret == "", "ClientSecret"}, {cfg.Client == nil, "Client"},
	} {
		if missing.is {
			problems = append(problems, fmt.Errorf("clientcredentials: %s is missing", missing.name))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Tokens{cfg: cfg}, nil
}

// Token returns a token that is good for at least [Margin], unless it is the one
// that the API refused; "" when none was. The error is a [*StatusError], [ErrNoToken]
// or that of the Client, and the next call tries again.
func (t *Tokens) Token(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.token != refused && t.cfg.Now().Before(t.usableBefore) {
		return t.token, nil
	}
	t.token = ""
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {t.cfg.ClientID}, "client_secret": {t.cfg.ClientSecret}}
	if t.cfg.Scope != "" {
		form.Set("scope", t.cfg.Scope)
	}
	response, err := t.cfg.Client.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: t.cfg.URL, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	})
	if err != nil {
		return "", fmt.Errorf("the sign-in service could not be asked: %w", err)
	}
	switch {
	case response.Status == http.StatusOK:
		return t.keep(response.Body)
	case response.Status < 300:
		return "", ErrNoToken
	}
	return "", &StatusError{response, errorCode(response.Body)}
}

func (t *Tokens) keep(body []byte) (string, error) {
	var answer struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" || len(answer.Token) > MaxToken || answer.Type != "Bearer" {
		return "", ErrNoToken
	}
	life := time.Duration(min(max(answer.Expires, 0), int64(MaxLife/time.Second))) * time.Second
	t.token, t.usableBefore = answer.Token, t.cfg.Now().Add(life-Margin)
	return t.token, nil
}

// code is what an error code may look like, so that nothing else is passed on.
var code = regexp.MustCompile(`^[a-z_]{1,40}$`)

// errorCode is the answer's error code; its description repeats ids.
func errorCode(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || !code.MatchString(answer.Error) {
		return ""
	}
	return answer.Error
}
