package sqlite

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

// TestKeysAreHeldByTheDatabase is about mistakes in the program, and hands in the
// database.
func TestKeysAreHeldByTheDatabase(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	knowPeople(t, s)
	at := time.Now()
	key := func(id string) store.Key {
		return store.Key{ID: id, Purpose: store.ForBadges, JWK: json.RawMessage("{}"), PreparedAt: at, By: "test"}
	}
	if err := s.AdoptKeys(t.Context(), []store.Key{key("one")}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddKey(t.Context(), key("two")); err != nil {
		t.Fatal(err)
	}
	r := storetest.Reservation("b", 0)
	r.KeyID = "one"
	if _, err := s.ReserveBadge(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for statement, reason := range map[string]string{
		"UPDATE keys SET state = 'active' WHERE id = 'two'":   "UNIQUE constraint",
		"UPDATE keys SET state = 'prepared' WHERE id = 'one'": "a key never comes back",
		"UPDATE keys SET state = 'revoked' WHERE id = 'one'":  "a key never comes back",
		"UPDATE keys SET purpose = 'list'":                    "what a key is never changes",
		"UPDATE keys SET jwk = '[]'":                          "what a key is never changes",
		"DELETE FROM keys":                                    "keys are never deleted",
		"INSERT INTO keys SELECT 9, 'x', 'mail', '{}', 'prepared', 0, NULL, NULL, NULL, NULL, NULL, 'by', ''": "CHECK constraint",
		"INSERT INTO keys SELECT 9, 'x', 'badge', '{}', 'stolen', 0, NULL, NULL, NULL, NULL, NULL, 'by', ''":  "CHECK constraint",
		"INSERT INTO keys SELECT 9, 'x', 'badge', '{}', 'active', 0, 0, NULL, NULL, NULL, NULL, 'by', ''":     "UNIQUE constraint",
		"UPDATE badges SET key_id = 'two'": "a badge keeps its key",
	} {
		_, err := s.writer.db.Exec(statement)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v, want %q", statement, err, reason)
		}
	}
}

// TestWhatRestsOnAKeyIsFoundByItsExpiry is about a revocation that must not look at
// every badge there ever was.
func TestWhatRestsOnAKeyIsFoundByItsExpiry(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	var id, parent, unused int
	var plan string
	err := s.writer.db.QueryRow("EXPLAIN QUERY PLAN SELECT count(*)"+liveOfKey, 0, "one").Scan(&id, &parent, &unused, &plan)
	if err != nil || !strings.Contains(plan, "USING INDEX badges_by_expiry (expires_at>?)") {
		t.Errorf("%s, %v", plan, err)
	}
}
