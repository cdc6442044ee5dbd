package httpserver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/problem"
)

func TestReadyTellsTheReasonItMayTell(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	cases := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"ready", nil, 200, ""},
		{"own error", problem.Errorf(500, "status_stale", "The status list is 2 h old."), 503, "status_stale"},
		{"any error", errors.New("open /var/lib/x: permission denied"), 503, "not_ready"},
	}
	for _, c := range cases {
		s := start(t, Config{Ready: func(context.Context) error { return c.err }, Logger: logger})
		status, _, text := call(t, "GET", s.url+"/readyz", nil)
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if status != c.status || c.code != "" && problemCode(t, text) != c.code {
			t.Errorf("%s: %d %s", c.name, status, text)
		}
		if strings.Contains(text, "/var/lib") {
			t.Errorf("%s: %s tells the cause", c.name, text)
		}
	}
	if !strings.Contains(log.String(), "/var/lib/x") {
		t.Errorf("the cause is not in the log: %s", log.String())
	}
}

func TestReadyCheckHasADeadline(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Ready: func(ctx context.Context) error {
		left, _ := ctx.Deadline()
		if time.Until(left) > ReadyTimeout {
			return nil
		}
		return problem.Errorf(503, "has_deadline", "")
	}})
	if _, _, text := call(t, "GET", s.url+"/readyz", nil); problemCode(t, text) != "has_deadline" {
		t.Error(text)
	}
}
