package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// writer makes all changes, many callers' in one transaction.
type writer struct {
	db     *sql.DB // of one connection, used by run alone
	now    func() time.Time
	logger *slog.Logger
	batch  int

	queue   chan *operation
	close   sync.Once
	closing chan struct{} // closed: take no more
	stopped chan struct{} // closed: run has returned

	watchers watchers // of lists
	signals  signalling

	failure    error // after which nothing is written; owned by run
	statements *statements
	head       store.Head // of the chain of events; owned by run
}

// operation is one caller's change.
type operation struct {
	do      func(*tx) error
	claimed atomic.Bool // by the writer to do it, or by its caller to give it up
	done    chan error  // takes one answer without a reader
}

// tx is what one change sees of the transaction it is part of.
type tx struct {
	*sql.Tx
	now  time.Time // one for the whole transaction
	undo []func()

	listsChanged bool // by one of the changes, perhaps by one that was rolled back
	signalled    bool // the same of signals and their streams
	signals      *signalling

	statements *statements
	head       *store.Head          // the writer's
	bound      map[string]*sql.Stmt // those of statements, in this transaction
}

// onRollback has what a change did to memory undone if the change, or the
// transaction with it, comes to nothing.
func (t *tx) onRollback(undo func()) { t.undo = append(t.undo, undo) }

// rewind undoes what was done to memory since there were that many entries.
func (t *tx) rewind(to int) {
	for i := len(t.undo) - 1; i >= to; i-- {
		t.undo[i]()
	}
	t.undo = t.undo[:to]
}

func newWriter(db *sql.DB, c Config, head store.Head) *writer {
	w := &writer{
		db: db, now: c.Now, logger: c.Logger, batch: c.BatchSize,
		queue:   make(chan *operation, c.QueueLength),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),

		statements: newStatements(db),
		head:       head,
	}
	go w.run()
	return w
}

// stop lets the writer finish what is queued and waits for it.
func (w *writer) stop() {
	w.close.Do(func() { close(w.closing) })
	<-w.stopped
}

// orClosed returns a read's error, or that it failed because the store is closed.
func (w *writer) orClosed(err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-w.closing:
		return store.ErrClosed
	default:
		return err
	}
}

// change has the writer do something and returns once it is durable. The
// result is do's; do may run after change has returned with an error.
func change[T any](ctx context.Context, w *writer, do func(*tx) (T, error)) (T, error) {
	var result, none T
	err := w.submit(ctx, func(t *tx) (err error) {
		result, err = do(t)
		return err
	})
	if err != nil {
		return none, err
	}
	return result, nil
}

func (w *writer) submit(ctx context.Context, do func(*tx) error) error {
	// Select chooses at random: what is over already must not win by luck.
	if err := ctx.Err(); err != nil {
		return err
	}
	op := &operation{do: do, done: make(chan error, 1)}
	select {
	case <-w.closing:
		return store.ErrClosed
	default:
	}
	select {
	case w.queue <- op:
	case <-w.closing:
		return store.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}

	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
		return op.abandon(ctx.Err())
	case <-w.stopped:
		return op.abandon(store.ErrClosed)
	}
}

// abandon gives an operation up for a cause, and says so if it is too late.
func (op *operation) abandon(cause error) error {
	if op.claimed.CompareAndSwap(false, true) {
		return cause
	}
	select {
	case err := <-op.done:
		return err
	default:
		return fmt.Errorf("%w: %w", store.ErrUncertain, cause)
	}
}

func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case op := <-w.queue:
			w.process(w.gather(op))
		case <-w.closing:
			w.drain()
			return
		}
	}
}

func (w *writer) drain() {
	for {
		select {
		case op := <-w.queue:
			w.process(w.gather(op))
		default:
			return
		}
	}
}

// gather takes what is waiting, without waiting for more: while one transaction
// is on its way to the disk, the next one's operations come together.
func (w *writer) gather(first *operation) []*operation {
	ops := make([]*operation, 0, min(len(w.queue)+1, w.batch))
	if first.claimed.CompareAndSwap(false, true) {
		ops = append(ops, first)
	}
	for len(ops) < w.batch {
		select {
		case op := <-w.queue:
			if op.claimed.CompareAndSwap(false, true) {
				ops = append(ops, op)
			}
		default:
			return ops
		}
	}
	return ops
}

// process makes a batch durable and answers its callers.
func (w *writer) process(ops []*operation) {
	errs := make([]error, len(ops))
	if err := w.commit(ops, errs); err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	for i, op := range ops {
		op.done <- errs[i]
	}
}

// commit does the operations in one transaction. It fills in what became of each
// one, or returns why none of them took effect.
func (w *writer) commit(ops []*operation, errs []error) error {
	if w.failure != nil {
		return w.failure
	}
	w.statements.prepareWanted()
	begun, err := w.db.Begin()
	if err != nil {
		return w.failed("begin", err)
	}
	t := &tx{Tx: begun, now: w.now(), signals: &w.signals, statements: w.statements, head: &w.head, bound: make(map[string]*sql.Stmt)}
	for i, op := range ops {
		var lost error
		if errs[i], lost = t.attempt(op.do); lost != nil {
			t.rewind(0)
			t.Rollback()
			return w.failed("roll back one change", errors.Join(lost, errs[i]))
		}
	}
	err = t.Commit()
	if t.listsChanged {
		w.watchers.tell() // after a commit that failed, too: it may yet be found to have been made
	}
	if t.signalled {
		w.signals.watchers.tell()
	}
	if err != nil {
		t.rewind(0)
		return w.failed("commit", err)
	}
	return nil
}

// attempt does one change under a savepoint. lost says that the transaction is
// gone, which SQLite does by itself on some errors, such as a full disk.
func (t *tx) attempt(do func(*tx) error) (err, lost error) {
	if _, err := t.Exec("SAVEPOINT change"); err != nil {
		return nil, err
	}
	before := len(t.undo)
	err = do(t)
	if broken(err) {
		return err, err
	}
	if err != nil {
		t.rewind(before)
		if _, lost := t.Exec("ROLLBACK TO change"); lost != nil {
			return err, lost
		}
	}
	_, lost = t.Exec("RELEASE change")
	return translate(err), lost
}

// failed is the answer to a whole batch, and to all that follow when the file
// cannot be trusted any more.
func (w *writer) failed(action string, err error) error {
	w.logger.Error("transaction failed", "action", action, "error", err)
	answer := fmt.Errorf("%w: %s: %v", store.ErrUnavailable, action, err)
	if !broken(err) {
		return answer
	}
	w.failure = fmt.Errorf("%w: stopped after an error in the file or the disk, check both and restart: %s: %v",
		store.ErrUnavailable, action, err)
	if action == "commit" {
		// What was written before the disk failed may yet be found there.
		return fmt.Errorf("%w: %w", store.ErrUncertain, answer)
	}
	return answer
}
