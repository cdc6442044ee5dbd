package server

import (
	"net/http"
	"testing"
	"time"

	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// A restart does not let an officer begin anew; the hour does.
func TestMayRevoke_ARestartForgetsNothing(t *testing.T) {
	t.Parallel()
	var settings officers.Config
	d := openDesk(t, func(c *officers.Config) {
		c.MassRevocation = 2
		settings = *c
	})
	d.importSample(t)
	session := d.signIn(t, "zoe", "officer")
	var badges, people []string
	for _, v := range verdicts(t) {
		if v.Eligible && len(badges) < 6 {
			badges, people = append(badges, d.issue(t, v.ID).ID), append(people, v.ID)
		}
	}
	revoke := func(i int) reply {
		return d.as(t, session, "POST", "/v1/badges/"+badges[i]+"/revoke", `{"reason":"lost"}`)
	}
	for i := range 2 {
		if got := revoke(i); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		d.Move(time.Minute)
	}
	by := d.byOf(t, badges[0])

	restart := func() *Server {
		t.Helper()
		office, err := officers.New(settings)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Config{Program: d.program, Tokens: d.store, Office: office, Now: d.Now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	may := func(s *Server, who, person string) error {
		return s.mayRevoke(withCaller(t.Context(), caller{by: who}), person)
	}
	refused := func(err error) bool {
		no, ok := officers.IsRefused(err)
		return ok && no.Reason == officers.ProposalRequired
	}
	s := restart()
	if err := may(s, by, people[2]); !refused(err) {
		t.Errorf("a third person after a restart: %v", err)
	}
	if err := may(s, by, people[0]); err != nil {
		t.Errorf("somebody who was counted: %v", err)
	}
	if err := may(s, "officer:somebody else", people[2]); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	d.Move(time.Hour)
	s = restart()
	if err := may(s, by, people[2]); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// byOf is who revoked a badge, as events tell it.
func (d *desk) byOf(t *testing.T, badge string) string {
	t.Helper()
	for after := int64(0); ; {
		page, err := d.program.Events(t.Context(), after, store.MaxPage)
		if err != nil || len(page) == 0 {
			t.Fatal("nobody revoked it", err)
		}
		for _, e := range page {
			after = e.Number
			if e.Kind == store.BadgeStatus && e.Subject == badge {
				return e.By
			}
		}
	}
}
