package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// saltOf returns a person's salt, and draws it if there is none yet.
func saltOf(t *tx, personID string) (salt store.Salt, err error) {
	kept, err := queryOne(context.Background(), t, scanBytes, "SELECT salt FROM people WHERE id = ?", personID)
	if err != nil {
		return salt, err
	}
	if copy(salt[:], kept) == len(salt) {
		return salt, nil
	}
	rand.Read(salt[:]) // never fails
	_, err = t.Exec("UPDATE people SET salt = ? WHERE id = ?", salt[:], personID)
	return salt, err
}

func scanBytes(s scanner) (value []byte, err error) {
	err = s.Scan(&value)
	return value, err
}

// recordPerson adds the event of a person who came or changed.
func recordPerson(t *tx, im store.Import, change personChange) error {
	salt, err := saltOf(t, change.person.ID)
	if err != nil {
		return err
	}
	detail := struct {
		Active  bool     `json:"active"`
		Changed []string `json:"changed,omitempty"`
		Before  string   `json:"before,omitempty"`
		After   string   `json:"after"`
	}{Active: change.person.Active, Changed: change.fields, After: salt.Person(change.person)}
	kind := store.PersonAdded
	if change.known {
		kind, detail.Before = store.PersonChanged, salt.Person(change.before)
	}
	return t.record(im.At, im.By, kind, change.person.ID, detail)
}

// checkPeople compares everybody with the last event that tells of them. Events from
// before there were salts tell of nobody.
func checkPeople(ctx context.Context, q querier) error {
	events, err := queryAll(ctx, q, scanTold, "SELECT subject, detail FROM events WHERE kind IN ('person.added', 'person.changed') ORDER BY number")
	if err != nil {
		return err
	}
	last := make(map[string]string)
	for _, e := range events {
		last[e.person] = e.after
	}
	people, err := queryAll(ctx, q, scanSalted, "SELECT "+personColumns+", salt FROM people WHERE salt IS NOT NULL ORDER BY id")
	if err != nil {
		return err
	}
	var faults []string
	for _, p := range people {
		if told := last[p.person.ID]; told != "" && told != p.salt.Person(p.person) {
			faults = append(faults, p.person.ID)
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("people: %q are not as the last event of each says", faults)
	}
	return nil
}

// told is how an event says that a person is.
type told struct{ person, after string }

func scanTold(s scanner) (e told, err error) {
	var detail []byte
	if err := s.Scan(&e.person, &detail); err != nil {
		return e, err
	}
	var hashes struct{ After string }
	err = json.Unmarshal(detail, &hashes)
	e.after = hashes.After
	return e, err
}

type salted struct {
	person evidence.Person
	salt   store.Salt
}

func scanSalted(s scanner) (p salted, err error) {
	var salt []byte
	p.person, err = scanPerson(with(s, &salt))
	copy(p.salt[:], salt)
	return p, err
}

// with returns a row whose last columns go to these, behind what is scanned.
func with(s scanner, more ...any) scanner { return behind{s, more} }

type behind struct {
	scanner
	more []any
}

// Scan implements scanner.
func (b behind) Scan(dest ...any) error { return b.scanner.Scan(append(dest, b.more...)...) }
