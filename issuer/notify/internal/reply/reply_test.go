package reply

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// verdict is "yes", "never", "later" or how long to wait.
func verdict(err error) string {
	var permanent *notify.PermanentError
	var retry *notify.RetryError
	switch {
	case err == nil:
		return "yes"
	case errors.As(err, &permanent):
		return "never"
	case errors.As(err, &retry):
		return retry.After.String()
	}
	return "later"
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status int
		after  string
		want   string
	}{
		{200, "", "yes"}, {202, "", "yes"}, {204, "", "yes"}, {299, "", "yes"},
		{300, "", "never"}, {304, "", "never"}, {400, "", "never"}, {401, "", "never"}, {403, "", "never"}, {404, "", "never"}, {410, "", "never"},
		{408, "", "later"}, {425, "", "later"}, {429, "", "later"}, {500, "", "later"}, {502, "", "later"}, {503, "", "later"}, {504, "9", "later"},
		{429, "30", "30s"}, {503, "120", "2m0s"}, {429, " 5 ", "5s"}, {429, "Mon, 23 Nov 2026 08:01:30 GMT", "1m30s"},
		{429, "Mon, 23 Nov 2026 07:00:00 GMT", "later"}, {429, "-5", "later"}, {429, "0", "later"}, {429, "soon", "later"}, {429, "99999999999999", "later"}, {404, "30", "never"},
	}
	for _, c := range cases {
		err := Judge("the room", outbound.Response{Status: c.status, Header: http.Header{"Retry-After": {c.after}}, Body: []byte("secret")}, nil, now)
		if got := verdict(err); got != c.want {
			t.Errorf("%d %q: %s (%v), want %s", c.status, c.after, got, err, c.want)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	cases := []struct {
		code       outbound.Code
		want, text string
	}{
		{outbound.CodeBlocked, "never", "the room could not be called: fetch_blocked: why"},
		{outbound.CodeRedirectRefused, "never", "the room could not be called: fetch_redirect_refused: why"},
		{outbound.CodeTLS, "later", "the room could not be called: fetch_tls: why"},
		{outbound.CodeFailed, "later", "the room could not be called: fetch_failed: why"},
		{outbound.CodeTooLarge, "later", "the room could not be called: fetch_too_large: why"},
	}
	for _, c := range cases {
		err := Judge("the room", outbound.Response{}, &outbound.Error{Code: c.code, Host: "h", Detail: "why", Err: errors.New("https://h/secret")}, now)
		if verdict(err) != c.want || err.Error() != c.text {
			t.Errorf("%s: %s, %v", c.code, verdict(err), err)
		}
	}
}
