package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// SQLite takes longer to parse a statement than to run most of them, so each is
// prepared once for a connection. Their texts are this package's own, so that
// there are few; maxStatements is what makes a mistake there cost no memory.
const maxStatements = 256

// pool is the connections for reading.
type pool struct {
	*sql.DB

	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
}

func newPool(db *sql.DB) *pool { return &pool{DB: db, prepared: make(map[string]*sql.Stmt)} }

// QueryContext is that of sql.DB, prepared.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := p.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return p.DB.QueryContext(ctx, query, args...)
}

// QueryRowContext is that of sql.DB, prepared.
func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := p.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return p.DB.QueryRowContext(ctx, query, args...)
}

// statement returns a query prepared, or nil where it has to be made as it is,
// which will say what is wrong with it.
func (p *pool) statement(ctx context.Context, query string) *sql.Stmt {
	p.mu.RLock()
	s := p.prepared[query]
	p.mu.RUnlock()
	if s != nil {
		return s
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.prepared[query]; s != nil {
		return s
	}
	if len(p.prepared) >= maxStatements {
		return nil
	}
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.prepared[query] = s
	return s
}

// statements are those of the writer. Its one connection is busy while there is
// a transaction, so what a transaction would have liked prepared is prepared
// after it. They are the writer's goroutine's own.
type statements struct {
	db       *sql.DB
	prepared map[string]*sql.Stmt
	wanted   map[string]bool
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, prepared: make(map[string]*sql.Stmt), wanted: make(map[string]bool)}
}

// prepareWanted is called between transactions. A text that can't be prepared
// is asked for again and goes on being used as it is.
func (s *statements) prepareWanted() {
	for text := range s.wanted {
		delete(s.wanted, text)
		if len(s.prepared) >= maxStatements {
			continue
		}
		if prepared, err := s.db.Prepare(text); err == nil {
			s.prepared[text] = prepared
		}
	}
}

// statement returns a text prepared in this transaction, or nil.
func (t *tx) statement(text string) *sql.Stmt {
	if s := t.bound[text]; s != nil {
		return s
	}
	prepared := t.statements.prepared[text]
	if prepared == nil {
		t.statements.wanted[text] = true
		return nil
	}
	s := t.Stmt(prepared)
	t.bound[text] = s
	return s
}

// Exec is that of sql.Tx, prepared.
func (t *tx) Exec(query string, args ...any) (sql.Result, error) {
	if s := t.statement(query); s != nil {
		return s.Exec(args...)
	}
	return t.Tx.Exec(query, args...)
}

// QueryRow is that of sql.Tx, prepared.
func (t *tx) QueryRow(query string, args ...any) *sql.Row {
	return t.QueryRowContext(context.Background(), query, args...)
}

// QueryRowContext is that of sql.Tx, prepared.
func (t *tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := t.statement(query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}

// QueryContext is that of sql.Tx, prepared.
func (t *tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := t.statement(query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}
