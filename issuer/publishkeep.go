package issuer

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// KeepListFolder keeps the files of a folder as the lists are published, until ctx is
// done; then it writes what is left to write and returns nil. A file that can't be
// written, because the disk is full for example, keeps no other from being written,
// and is tried again: the one from before stays until then. It writes what
// [Program.PublishLists] publishes, which must run.
func (p *Program) KeepListFolder(ctx context.Context, folder *ListFolder) error {
	k := &keeper{program: p, folder: folder, pending: make(map[int64]ListToken), changed: make(chan struct{}, 1)}
	defer p.OnListPublished(k.put)()
	for last := false; !last; {
		last = ctx.Err() != nil
		err := k.write(context.WithoutCancel(ctx))
		if err != nil {
			k.complain(ctx, err)
		}
		var again <-chan time.Time
		if err != nil {
			again = p.config.After(republishAfter)
		}
		select {
		case <-ctx.Done():
		case <-k.changed:
		case <-again:
		}
	}
	return nil
}

// keeper keeps a folder. What is published faster than it can be written is written
// as it was last.
type keeper struct {
	program    *Program
	folder     *ListFolder
	changed    chan struct{}
	complained time.Time

	mu      sync.Mutex
	pending map[int64]ListToken
}

func (k *keeper) put(token ListToken) {
	k.mu.Lock()
	k.pending[token.ListID] = token
	k.mu.Unlock()
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// take returns what is to be written, the oldest list first.
func (k *keeper) take() []ListToken {
	k.mu.Lock()
	defer k.mu.Unlock()
	tokens := slices.SortedFunc(maps.Values(k.pending), func(a, b ListToken) int { return cmp.Compare(a.ListID, b.ListID) })
	clear(k.pending)
	return tokens
}

// putBack keeps a token for the next attempt, unless there is a newer one.
func (k *keeper) putBack(token ListToken) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, newer := k.pending[token.ListID]; !newer {
		k.pending[token.ListID] = token
	}
}

func (k *keeper) write(ctx context.Context) error {
	var failures []error
	failed := func(err error) bool {
		if err != nil {
			k.program.lists.health.files.Add(1)
			failures = append(failures, err)
		}
		return err != nil
	}
	for _, token := range k.take() {
		if failed(k.folder.WriteList(token.URI, token.Text)) {
			k.putBack(token)
		}
	}
	uris, err := k.program.ListURIs(ctx)
	if !failed(err) {
		// A list is named when it is there.
		failed(k.folder.WriteIndex(slices.DeleteFunc(uris, func(uri string) bool { return !k.folder.has(uri) })))
	}
	trust, err := k.program.TrustList()
	if !failed(err) {
		failed(k.folder.WriteTrustList(trust))
	}
	failed(k.folder.WriteGuide(k.program.config.ListTTL))
	return errors.Join(failures...)
}

func (k *keeper) complain(ctx context.Context, err error) {
	now := k.program.config.Now()
	if since := now.Sub(k.complained); since < 0 || since >= complainEvery {
		k.complained = now
		k.program.config.Logger.ErrorContext(ctx, "files of status lists could not be written; it is tried again", "error", err)
	}
}
