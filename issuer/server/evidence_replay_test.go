package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/webhook"
)

// restart is the signer's service begun again over the same database: what it had in
// memory is gone.
func (s signer) restart(t *testing.T) signer {
	t.Helper()
	logger := slog.New(slog.NewJSONHandler(s.log, nil))
	service, err := New(Config{
		Program: s.program, Tokens: s.store, Now: s.Now, Logger: logger,
		Evidence: Evidence{Senders: []Sender{{Source: "kolide", Secrets: s.secrets}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.around(logger, service.Handler()))
	t.Cleanup(server.Close)
	again := *s.office
	again.service, again.url = service, server.URL
	return signer{&again, s.secrets}
}

func TestDevices_AReplayAfterARestartIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := newSigner(t)
	before := laptop(s.Now(), "d", "nobody", "noncompliant")
	old, err := webhook.Sign(s.secrets, "msg-1", s.Now(), []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	replay := func(s signer) reply {
		t.Helper()
		return s.send(t, http.DefaultClient, "POST", "/v1/evidence/devices", strings.NewReader(before), headers{
			"Content-Type", "application/json", webhook.HeaderID, old.Get(webhook.HeaderID),
			webhook.HeaderTimestamp, old.Get(webhook.HeaderTimestamp), webhook.HeaderSignature, old.Get(webhook.HeaderSignature),
		})
	}
	evidenceOf(t, replay(s))
	s.Set(s.Now().Add(webhook.Tolerance - time.Second))
	evidenceOf(t, s.report(t, "msg-2", laptop(s.Now(), "d", "nobody", "compliant")))

	s = s.restart(t)
	replay(s).problem(t, http.StatusConflict, string(webhook.CodeReplayed))
	if got := s.device(t, "d").Compliance; got != "compliant" {
		t.Errorf("the replay made it %q", got)
	}
	// What was not taken in may come again: this one was unreadable.
	s.report(t, "msg-3", "{}").problem(t, http.StatusUnprocessableEntity, CodeEvidenceUnreadable)
	s = s.restart(t)
	evidenceOf(t, s.report(t, "msg-3", laptop(s.Now(), "d", "nobody", "compliant")))

	// At the end of the tolerance it is remembered still, and beyond it is too old.
	s.Set(s.Now().Add(time.Second))
	replay(s.restart(t)).problem(t, http.StatusConflict, string(webhook.CodeReplayed))
	s.Set(s.Now().Add(time.Second))
	replay(s.restart(t)).problem(t, http.StatusUnauthorized, string(webhook.CodeTime))
}

func TestDevices_EachSenderHasItsOwnIds(t *testing.T) {
	t.Parallel()
	if onceOf("a", webhook.Verified{ID: "b"}).Hash == onceOf("b", webhook.Verified{ID: "b"}).Hash {
		t.Error("two senders' ids are one")
	}
}
