package sqlite

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Who gets at the database still can't undo what takes two, by mistake.
func TestSchema_TheOfficesTriggersHold(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	if _, err := s.ChangeOfficer(t.Context(), store.OfficerChange{ID: "ada", Issuer: "i", Subject: "s", Role: store.RoleAdmin, By: "local", At: at}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"open", "approved"} {
		if err := s.AddProposal(t.Context(), store.Proposal{
			ID: id, Kind: "k", Payload: json.RawMessage(`{}`), Summary: "s", Reason: "r", By: "officer:zoe", OfficerID: "zoe",
			CreatedAt: at, ExpiresAt: at.Add(time.Hour), State: store.Open,
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.DecideProposal(t.Context(), store.Decision{ProposalID: "approved", To: store.Approved, By: "officer:ada", OfficerID: "ada", At: at}); err != nil {
		t.Fatal(err)
	}
	for statement, reason := range map[string]string{
		"UPDATE officers SET role = 'viewer'":                                         "the last admin stays",
		"INSERT INTO officers VALUES ('d', 'i', 'd', '', '', 'root', '', NULL, NULL)": "CHECK constraint",
		"DELETE FROM officers":                                                        "officers are never deleted",
		"DELETE FROM proposals":                                                       "proposals are never deleted",
		"UPDATE proposals SET payload = '[]'":                                         "what was proposed never changes",
		"UPDATE proposals SET state = 'executed', decided_at = 0, finished_at = 0 WHERE id = 'open'":                           "decided once and done once",
		"UPDATE proposals SET state = 'open', decided_at = NULL WHERE id = 'approved'":                                         "decided once and done once",
		"UPDATE proposals SET state = 'approved', decided_at = 0, decided_by = 'officer:zoe' WHERE id = 'open'":                "nobody approves their own proposal",
		"UPDATE proposals SET state = 'approved', decided_at = 0, decided_by = '' WHERE id = 'open'":                           "nobody approves their own proposal",
		"UPDATE proposals SET state = 'approved', decided_by = 'officer:eve' WHERE id = 'open'":                                "CHECK constraint",
		"INSERT INTO sessions VALUES (X'00', 'ada', '', 0, 0, 0, 0)":                                                           "CHECK constraint",
		"INSERT INTO sessions VALUES (zeroblob(32), 'nobody', '', 0, 0, 0, 0)":                                                 "FOREIGN KEY",
		"INSERT INTO token_uses VALUES ('nothing', 0)":                                                                         "FOREIGN KEY",
		"INSERT INTO training VALUES ('s', 'i', 'p', 'c', 'passed', 0, NULL, 1, 0, X'00')":                                     "CHECK constraint",
		"INSERT INTO officers VALUES ('b', 'i', 's', '', '', '', '', NULL, NULL)":                                              "UNIQUE",
		"INSERT INTO officers SELECT 'c', 'i', 'other', name, email, 'officer', actor, changed_at, signed_in_at FROM officers": "",
	} {
		_, err := s.writer.db.Exec(statement)
		if (err == nil) != (reason == "") || err != nil && !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v, want %q", statement, err, reason)
		}
	}
}

// The use of a token ends with it.
func TestPurge_TakesTheUseOfATokenWithIt(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true})
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := s.AddToken(t.Context(), store.Token{
		ID: "a", Name: "a", Hash: sha256.Sum256([]byte("a")), Scopes: []string{"import"}, By: "test", CreatedAt: at, ExpiresAt: at.Add(time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.TouchToken(t.Context(), "a", at); err != nil {
		t.Fatal(err)
	}
	done, err := s.Purge(t.Context(), store.PurgeRequest{At: at.AddDate(3, 0, 0), By: "test"})
	if err != nil || done.Tokens != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if uses, err := s.TokenUses(t.Context()); err != nil || len(uses) != 0 {
		t.Errorf("%v, %v", uses, err)
	}
}
