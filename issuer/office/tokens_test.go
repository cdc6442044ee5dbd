package office_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/office/officetest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestCheckName_TwoLivingTokensAndNotAThird(t *testing.T) {
	t.Parallel()
	living := store.Token{Name: "HR", CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
	expired, revoked, other := living, living, living
	expired.ExpiresAt = start
	revoked.RevokedAt = start
	other.Name = "hr"
	all := []store.Token{expired, revoked, other, other, living}
	if err := office.CheckName(all, "HR", start); err != nil {
		t.Errorf("a second one: %v", err)
	}
	all = append(all, living)
	refused(t, office.CheckName(all, "HR", start), office.TokensOfName)
	if err := office.CheckName(all, "HR", start.Add(time.Hour)); err != nil {
		t.Errorf("when they have expired: %v", err)
	}
}

func TestTokenUse_IsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	records, log := new(officetest.Records), new(bytes.Buffer)
	use, err := office.NewTokenUse(records, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() { use.Touch(t.Context(), "a", start) })
	}
	callers.Wait()
	use.Touch(t.Context(), "a", start.Add(office.TouchEvery-1))
	use.Touch(t.Context(), "b", start)
	if got := records.Touches(); got != 2 {
		t.Errorf("noted %d times", got)
	}
	use.Touch(t.Context(), "a", start.Add(office.TouchEvery))
	use.Touch(t.Context(), "b", start.Add(-office.TouchEvery)) // the clock was set back
	last, err := use.Last(t.Context())
	if err != nil || len(last) != 2 || !last["a"].Equal(start.Add(office.TouchEvery)) || records.Touches() != 4 {
		t.Errorf("%v, %v", last, err)
	}
	records.Fail = func(string) error { return errBroken }
	use.Touch(t.Context(), "c", start)
	if !strings.Contains(log.String(), "broken") {
		t.Errorf("the log says %s", log)
	}
	nowhere, err := office.NewTokenUse(nil, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	nowhere.Touch(t.Context(), "a", start)
	if last, err := nowhere.Last(t.Context()); err != nil || len(last) != 0 {
		t.Errorf("%v, %v", last, err)
	}
}

// made is a store of tokens, each made by whom.
type made map[string]string

func (m made) Tokens(context.Context) ([]store.Token, error) {
	var all []store.Token
	for id, by := range m {
		all = append(all, store.Token{ID: id, By: by})
	}
	return all, nil
}

func (made) TokenByHash(context.Context, [sha256.Size]byte, time.Time) (store.Token, error) {
	return store.Token{}, store.ErrNotFound
}

func TestResponsibleFor_GoesBackToAnOfficer(t *testing.T) {
	t.Parallel()
	tokens := made{"1": "officer:zoe", "2": "token:1", "3": "token:2", "4": "local:root", "5": "token:4", "6": "token:gone", "7": "token:7"}
	longest := "token:x0"
	tokens["x63"] = "officer:far"
	for i := range 63 {
		tokens[fmt.Sprint("x", i)] = fmt.Sprint("token:x", i+1)
	}
	for by, want := range map[string]string{
		"officer:ada": "ada", "token:1": "zoe", "token:3": "zoe", "local:root": "", "local": "", "token:4": "", "token:5": "",
		"enrolment:1": "", "token:x1": "far",
	} {
		if got, err := office.ResponsibleFor(t.Context(), tokens, by); err != nil || got != want {
			t.Errorf("%s: %q, %v", by, got, err)
		}
	}
	for _, by := range []string{"token:6", "token:7", "token:unknown", longest} {
		_, err := office.ResponsibleFor(t.Context(), tokens, by)
		refused(t, err, office.FourEyes)
	}
}
