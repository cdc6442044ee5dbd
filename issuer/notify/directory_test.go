package notify_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

func TestNobodyIsPassedOverInSilence(t *testing.T) {
	t.Parallel()
	person := notify.Person{ID: "p", Name: "Ursula", Email: "u@vendor.example", ManagerID: "m", Active: true}
	with := func(change func(*notify.Person)) notify.Person {
		copied := person
		change(&copied)
		return copied
	}
	cases := []struct {
		name    string
		person  notify.Person
		manager *notify.Person
		role    notify.Role
		to      string
		as      notify.Role
		instead notify.Instead
	}{
		{"the person", person, nil, notify.ToPerson, "u@vendor.example", notify.ToPerson, ""},
		{"the manager", person, &notify.Person{ID: "m", Email: "m@vendor.example", Active: true}, notify.ToManager, "m@vendor.example", notify.ToManager, ""},
		{"no manager", with(func(p *notify.Person) { p.ManagerID = "" }), nil, notify.ToManager, "fallback@vendor.example", notify.ToFallback, notify.NoManager},
		{"their own manager", with(func(p *notify.Person) { p.ManagerID = "p" }), nil, notify.ToManager, "fallback@vendor.example", notify.ToFallback, notify.NoManager},
		{"an unknown manager", person, nil, notify.ToManager, "fallback@vendor.example", notify.ToFallback, notify.ManagerLeft},
		{"a manager who left", person, &notify.Person{ID: "m", Email: "m@vendor.example"}, notify.ToManager, "fallback@vendor.example", notify.ToFallback, notify.ManagerLeft},
		{"a manager without address", person, &notify.Person{ID: "m", Active: true}, notify.ToManager, "fallback@vendor.example", notify.ToFallback, notify.NoManagerMail},
		{"no address", with(func(p *notify.Person) { p.Email = "" }), nil, notify.ToPerson, "fallback@vendor.example", notify.ToFallback, notify.NoAddress},
		{"an address with another header in it", with(func(p *notify.Person) { p.Email = "u@vendor.example\r\nBcc: x@evil.example" }), nil, notify.ToPerson, "fallback@vendor.example", notify.ToFallback, notify.NoAddress},
		{"two addresses", with(func(p *notify.Person) { p.Email = "u@vendor.example, x@evil.example" }), nil, notify.ToPerson, "fallback@vendor.example", notify.ToFallback, notify.NoAddress},
		{"the office", person, nil, notify.ToOffice, "office@vendor.example", notify.ToOffice, ""},
		{"the fallback itself", person, nil, notify.ToFallback, "fallback@vendor.example", notify.ToFallback, ""},
	}
	for _, c := range cases {
		p := start(t, func(cfg *notify.Config) { cfg.Office = notify.Party{Email: "office@vendor.example"} })
		p.directory.Erase("m")
		p.directory.Set(c.person)
		if c.manager != nil {
			p.directory.Set(*c.manager)
		}
		m := message("a")
		m.To = c.role
		p.queue(t, m)
		p.drain(t)
		d, o := p.mail.got[0], p.outbox.Outcomes("a")[0]
		if d.To.Email != c.to || d.To.Role != c.as || d.Instead != c.instead || o.To != c.as || o.Instead != c.instead {
			t.Errorf("%s: to %+v, %q, outcome %+v", c.name, d.To, d.Instead, o)
		}
	}
}

func TestAddressesAndNamesAtTheirBounds(t *testing.T) {
	t.Parallel()
	for extra, to := range map[int]string{0: "", 1: "fallback@vendor.example"} {
		p := start(t, nil)
		local := strings.Repeat("x", notify.MaxAddress-len("@vendor.example")+extra)
		address := local + "@vendor.example"
		if to == "" {
			to = address
		}
		p.directory.Set(notify.Person{ID: "p", Name: strings.Repeat("é", notify.MaxName+extra), Email: address, Active: true})
		p.queue(t, message("a"))
		p.drain(t)
		d := p.mail.got[0]
		if d.To.Email != to || len([]rune(d.About.Name)) != notify.MaxName || strings.HasSuffix(d.About.Name, "…") != (extra == 1) {
			t.Errorf("%d: %d characters, %s", extra, len([]rune(d.About.Name)), d.To.Email)
		}
	}
}

func TestNamesBecomeOneLine(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	p.directory.Set(notify.Person{ID: "p", Name: " Ursula\r\nBcc: x@evil.example\x00\u202e ", Email: "u@vendor.example", Active: true})
	p.queue(t, message("a"))
	p.drain(t)
	if d := p.mail.got[0]; d.To.Name != "Ursula Bcc: x@evil.example" || d.About.Name != d.To.Name {
		t.Errorf("%q %q", d.To.Name, d.About.Name)
	}
}

func TestTheErasedAreLeftAlone(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	p.queue(t, message("notice"), notify.Message{Key: "unlock", Person: "p", Kind: notify.Unlock, Channel: notify.Mail, Due: now, Body: []byte(`{"device":{"source":"graph","id":"d"}}`)})
	p.directory.Erase("p")
	p.drain(t)
	if o := p.outbox.Outcomes("notice"); len(o) != 1 || o[0].State != notify.Dropped || o[0].Note != "the person is not known any more" {
		t.Errorf("%+v", o)
	}
	if keys := p.mail.keys(); !slices.Equal(keys, []string{"unlock"}) {
		t.Errorf("carried %q: an erased person's device must still be unlocked", keys)
	}
}

func TestADirectoryThatIsAwayDelays(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	p.directory.Break(errors.New("the database is away"))
	p.queue(t, message("a"))
	p.drain(t)
	p.directory.Break(nil)
	p.at = now.Add(notify.FirstRetry)
	p.drain(t)
	o := p.outbox.Outcomes("a")
	if len(o) != 2 || o[0].State != notify.Waiting || o[0].Note != "the directory: the database is away" || o[1].State != notify.Delivered {
		t.Errorf("%+v", o)
	}
}
