package lockout

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
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/internal/reply"
)

// Bounds of an access token.
const (
	tokenMargin = 5 * time.Minute // how long before its end a token is not used any more
	maxToken    = 16 << 10        // bytes
)

// tokens gets access tokens with a client's credentials (RFC 6749, section 4.4)
// and keeps each until shortly before its end.
type tokens struct {
	client       *outbound.Client
	url          string
	id, secret   string
	scope        string
	now          func() time.Time
	mu           sync.Mutex // held while a token is fetched: one for all who wait
	token        string
	usableBefore time.Time
}

// get returns a token, unless it is the one that was refused.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.token != refused && t.now().Before(t.usableBefore) {
		return t.token, nil
	}
	t.token = ""
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {t.id}, "client_secret": {t.secret}, "scope": {t.scope}}
	response, err := t.client.Do(ctx, outbound.Request{
		Method: http.MethodPost, URL: t.url, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	})
	if err == nil && response.Status >= 400 && response.Status < 500 && response.Status != http.StatusTooManyRequests {
		return "", notify.Permanent(fmt.Errorf("lockout: the sign-in service refused our credential (%s)", oauthError(response.Body)))
	}
	if err := reply.Judge("the sign-in service", response, err, t.now()); err != nil {
		return "", err
	}
	return t.keep(response.Body)
}

func (t *tokens) keep(body []byte) (string, error) {
	var answer struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" || len(answer.Token) > maxToken || answer.Type != "Bearer" {
		return "", errors.New("lockout: the sign-in service answered with something that is no token")
	}
	t.token = answer.Token
	t.usableBefore = t.now().Add(time.Duration(min(max(answer.Expires, 0), 24*60*60))*time.Second - tokenMargin)
	return t.token, nil
}

// oauthError is the answer's error code; its description repeats ids.
func oauthError(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || !regexp.MustCompile(`^[a-z_]{1,40}$`).MatchString(answer.Error) {
		return "no reason given"
	}
	return answer.Error
}
