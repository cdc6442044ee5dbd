package sqlite

import (
	"context"
	"errors"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// ErasePerson implements [store.PrivacyWriter]. What was erased is overwritten in
// the file, and the log that still has it is folded into the file and cut off.
func (s *Store) ErasePerson(ctx context.Context, e store.Erasure) error {
	if err := e.Validate(); err != nil {
		return err
	}
	_, err := change(ctx, s.writer, func(t *tx) (struct{}, error) { return struct{}{}, erase(t, e) })
	if err == nil {
		s.truncateLog(ctx)
	}
	_, err = described(0, err, "erase person %.64q", e.PersonID)
	return err
}

// truncateLog is not always possible, since somebody may be reading what is in the
// log. What is there is overwritten in the course of time.
func (s *Store) truncateLog(ctx context.Context) {
	if done, err := sqlitefile.TruncateLog(ctx, s.writer.db); !done {
		s.config.Logger.InfoContext(ctx, "the log is in use; what was erased leaves it later", "error", err)
	}
}

func erase(t *tx, e store.Erasure) error {
	id, by := e.PersonID, e.By
	p, err := person(context.Background(), t, "id", id)
	if err != nil {
		return err
	}
	if err := keepMarks(t, e.Mark, p); err != nil {
		return err
	}
	if err := eraseFromGroups(t, p); err != nil {
		return err
	}
	if err := endEnrolmentsOf(t, id, store.EndErased, by, t.now); err != nil {
		return err
	}
	_, err = setStatusOfPerson(t, store.PersonStatusChange{PersonID: id, To: store.Invalid, Reason: store.EndErased, By: by, At: t.now})
	if err != nil {
		return err
	}
	if err := erasePortrait(t, id); err != nil {
		return err
	}
	if err := eraseMessages(t, id); err != nil {
		return err
	}
	for _, table := range []string{"standings", "holds", "suspensions", "cases"} {
		if _, err := t.Exec("DELETE FROM "+table+" WHERE person_id = ?", id); err != nil {
			return err
		}
	}
	if _, err := detachDevices(t, "person_id = ?", id); err != nil {
		return err
	}
	if _, err := t.Exec("DELETE FROM training WHERE person_external_id = ?", p.ExternalID); err != nil {
		return err
	}
	result, err := t.Exec(`UPDATE people SET external_id = NULL, user_name = '', active = 0, role = '', given_name = '',
		family_name = '', display_name = '', email = '', language = '', employee_number = '', organization = '',
		department = '', manager_id = '', modified = NULL, folded_user_name = '', folded_email = '', salt = NULL, erased_at = ? WHERE id = ? AND erased_at IS NULL`, micros(t.now), id)
	if err := exactlyOne(result, err); err != nil {
		return err
	}
	return t.record(t.now, by, store.PersonErased, id, struct{}{})
}

// detachDevices takes devices from their person. They are the employer's, and may have
// to be unlocked. Their names are often their users', and the hash is of both.
func detachDevices(t *tx, where string, args ...any) (int, error) {
	return sqlitefile.Affected(t.Exec("UPDATE devices SET person_id = '', name = '', raw_sha256 = NULL, revision = revision + 1 WHERE "+where, args...))
}

// wasErased reports whether this id was somebody's who is not known any more.
func wasErased(t *tx, id string) (bool, error) {
	var erased bool
	err := t.QueryRow("SELECT EXISTS (SELECT 1 FROM people WHERE id = ? AND erased_at IS NOT NULL)", id).Scan(&erased)
	return erased, err
}

// erasePortrait deletes the picture at once, unless somebody else has the same: no
// badge that names it is good any more.
func erasePortrait(t *tx, id string) error {
	digest, err := portraitOf(context.Background(), t, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := t.Exec("DELETE FROM people_portraits WHERE person_id = ?", id); err != nil {
		return err
	}
	_, err = t.Exec(`DELETE FROM portraits WHERE digest = ?
		AND NOT EXISTS (SELECT 1 FROM people_portraits p WHERE p.digest = portraits.digest)`, digest[:])
	return err
}

// erasedNote is what is left of a message that was to be sent.
const erasedNote = "the person was erased"

// eraseMessages keeps of messages that there were some, and of orders that are not
// done yet the device: somebody else will use it.
func eraseMessages(t *tx, id string) error {
	all, err := queryAll(context.Background(), t, scanMessage, "SELECT "+messageColumns+" FROM messages WHERE person_id = ?", id)
	if err != nil {
		return err
	}
	for _, m := range all {
		body := notify.Body{}
		order := m.Kind == notify.Lock || m.Kind == notify.Unlock
		if order && m.State == notify.Waiting {
			if body, err = m.Read(); err != nil {
				return err
			}
			body.Reasons = nil
		} else if m.State == notify.Waiting {
			m.State, m.Settled, m.Note = notify.Dropped, t.now, erasedNote
		}
		text, err := body.JSON()
		if err != nil {
			return err
		}
		_, err = t.Exec("UPDATE messages SET state = ?, settled_at = ?, note = ?, body = ? WHERE number = ?",
			m.State, micros(m.Settled), m.Note, string(text), m.Number)
		if err != nil {
			return err
		}
	}
	return nil
}
