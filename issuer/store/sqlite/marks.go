package sqlite

import (
	"context"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// keepMarks remembers somebody who is erased.
func keepMarks(t *tx, mark store.Mark, p evidence.Person) error {
	for _, identifier := range store.Identifiers(p) {
		sum := mark(identifier)
		if _, err := t.Exec("INSERT INTO erased (mark) VALUES (?) ON CONFLICT (mark) DO NOTHING", sum[:]); err != nil {
			return err
		}
	}
	return nil
}

// dropMarks forgets that somebody who is known again was erased.
func dropMarks(t *tx, mark store.Mark, p evidence.Person) error {
	if mark == nil {
		return nil
	}
	for _, identifier := range store.Identifiers(p) {
		sum := mark(identifier)
		if _, err := t.Exec("DELETE FROM erased WHERE mark = ?", sum[:]); err != nil {
			return err
		}
	}
	return nil
}

// isMarked reports whether an identifier was that of somebody who was erased.
func isMarked(t *tx, mark store.Mark, identifier string) (marked bool, err error) {
	if mark == nil || identifier == "" {
		return false, nil
	}
	sum := mark(store.Fold(identifier))
	err = t.QueryRow("SELECT EXISTS (SELECT 1 FROM erased WHERE mark = ?)", sum[:]).Scan(&marked)
	return marked, err
}

// erasedPeople are whom evidence is not taken in of. An import names the same people
// again and again.
type erasedPeople struct {
	t     *tx
	mark  store.Mark
	known map[string]bool
}

func newErasedPeople(t *tx, mark store.Mark) *erasedPeople {
	return &erasedPeople{t: t, mark: mark, known: make(map[string]bool)}
}

// has reports whether an identifier is that of an erased person: it is marked, and
// nobody who is known has it in this column.
func (e *erasedPeople) has(column, identifier string) (bool, error) {
	erased, asked := e.known[identifier]
	if asked {
		return erased, nil
	}
	erased, err := isMarked(e.t, e.mark, identifier)
	if err == nil && erased {
		var known bool
		err = e.t.QueryRowContext(context.Background(), "SELECT EXISTS (SELECT 1 FROM people WHERE erased_at IS NULL AND "+column+" = ?)", identifier).Scan(&known)
		erased = !known
	}
	e.known[identifier] = erased
	return erased, err
}
