package sqlite

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

// before returns the version of a database before a change of the schema.
func before(t *testing.T, name string) int {
	t.Helper()
	schema, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(schema.Changes, func(c sqlitefile.Change) bool { return c.Name == name })
	if at < 0 {
		t.Fatalf("there is no %s", name)
	}
	return at
}

func TestCountStandings_OfADatabaseThatDidNotKeepPhases(t *testing.T) {
	t.Parallel()
	path := testPath(t)
	var content strings.Builder
	for i, ladder := range []string{`{"phase":"good","steps":3}`, `{"phase":"suspended"}`, `{"phase":"good"}`, `{}`} {
		fmt.Fprintf(&content, `INSERT INTO people (id, external_id, user_name, active, role, given_name, family_name, display_name, email, language,
			employee_number, organization, department, manager_id) VALUES ('p%d', 'e%d', '', 1, '', '', '', '', '', '', '', '', '', '');
			INSERT INTO standings (person_id, policy, judged_at, eligible, access, reasons, ladder) VALUES ('p%d', 'p', 1, 0, '', '[]', '%s');`, i, i, i, ladder)
	}
	content.WriteString(onePerson + "INSERT INTO standings (person_id, policy, eligible, access, reasons, ladder) VALUES ('p', '', 0, '', '[]', '')")
	old(t, path, before(t, "0017_phases.sql"), content.String())
	s := openTest(t, Config{Path: path})
	got, err := s.CountStandings(t.Context())
	want := store.StandingCount{People: 5, Unjudged: 1, Phases: map[string]int{"good": 2, "suspended": 1, "": 1}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// People from before there were salts get one with their next change, which tells of
// what was before, too.
func TestApplyImport_SaltsWhoeverHasNone(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	knowPeople(t, s)
	if _, err := s.writer.db.Exec("UPDATE people SET salt = NULL"); err != nil {
		t.Fatal(err)
	}
	changed := storetest.People(1)
	changed[0].Role = "engineer"
	if _, err := s.ApplyImport(t.Context(), store.Import{By: "test", People: changed}); err != nil {
		t.Fatal(err)
	}
	var kept []byte
	var detail string
	if err := s.reads.QueryRow(`SELECT salt, (SELECT detail FROM events WHERE kind = 'person.changed') FROM people WHERE id = 'person-000'`).Scan(&kept, &detail); err != nil {
		t.Fatal(err)
	}
	salt := store.Salt(kept)
	want := fmt.Sprintf(`{"active":true,"changed":["role"],"before":"%s","after":"%s"}`, salt.Person(storetest.People(1)[0]), salt.Person(changed[0]))
	if detail != want {
		t.Errorf("got %s, want %s", detail, want)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkCounts is what the status of 100,000 people costs, with 100,000 messages.
func BenchmarkCounts(b *testing.B) {
	const people, batch = 100_000, 10_000
	s := openTest(b, Config{Path: testPath(b), Create: true})
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	judge := func(s store.Situation) (store.Judgement, error) {
		return store.Judgement{Record: store.Record{PolicyDigest: "p", Phase: "good", Ladder: []byte(`{"phase":"good"}`)}}, nil
	}
	all := storetest.People(people)
	for part := range slices.Chunk(all, batch) {
		for i := range part {
			part[i].ManagerID = all[0].ID
		}
		if _, err := s.ApplyImport(b.Context(), store.Import{By: "test", At: at, People: part, Judge: judge}); err != nil {
			b.Fatal(err)
		}
		messages := make([]notify.Message, 0, batch)
		for i := range part {
			messages = append(messages, storetest.Message(part[i].ID, "key "+part[i].ID))
		}
		if err := s.Queue(b.Context(), messages...); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.writer.db.Exec("UPDATE messages SET state = 'delivered', settled_at = created_at WHERE number % 100 > 0"); err != nil {
		b.Fatal(err)
	}
	for name, count := range map[string]func() error{
		"standings":       func() error { _, err := s.CountStandings(b.Context()); return err },
		"without manager": func() error { _, err := s.CountWithoutManager(b.Context()); return err },
		"messages":        func() error { _, err := s.CountMessages(b.Context()); return err },
		"fallbacks":       func() error { _, err := s.CountFallbacks(b.Context(), at.AddDate(0, 0, -30)); return err },
		"cases":           func() error { _, err := s.CountCases(b.Context()); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := count(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
