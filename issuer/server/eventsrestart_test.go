package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/eventstream/eventstreamtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// restarting is an issuer at one address that is stopped and started again, as a
// process is: everything but the database is made anew.
type restarting struct {
	front   *httptest.Server
	handler atomic.Pointer[http.Handler] // nil while it is stopped
	path    string                       // of the database
	store   atomic.Pointer[sqlite.Store]
}

func newRestarting(t *testing.T) *restarting {
	r := &restarting{path: filepath.Join(t.TempDir(), "db", "store.db")}
	r.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		handler := r.handler.Load()
		if handler == nil {
			panic(http.ErrAbortHandler)
		}
		(*handler).ServeHTTP(w, request)
	}))
	t.Cleanup(r.front.Close)
	return r
}

// start starts the issuer and returns how to stop it: with a goodbye, or at once.
func (r *restarting) start(t *testing.T) (stop func(politely bool)) {
	t.Helper()
	database, err := sqlite.Open(t.Context(), sqlite.Config{Path: r.path, Create: true, ListSize: 1 << 10, MaxFillPercent: 50})
	if err != nil {
		t.Fatal(err)
	}
	config := issuertest.Config(database, time.Now)
	config.URL = r.front.URL
	program := issuertest.New(t, config)
	service, err := New(Config{Program: program, Tokens: database, Limits: patient})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- program.PublishLists(ctx) }()
	handler := service.Handler()
	r.handler.Store(&handler)
	r.store.Store(database)
	return func(politely bool) {
		r.handler.Store(nil)
		if politely {
			service.EndStreams()
		}
		r.front.CloseClientConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	}
}

// follower is what a reader of the stream knows of each list: it believes tokens alone.
type follower struct {
	front     string
	lists     map[string]revocation.Token
	connected atomic.Int64
}

// follow reads the stream, connecting again whenever it ends, until enough says so.
func (k *follower) follow(ctx context.Context, enough func() bool) error {
	lastID := ""
	for ctx.Err() == nil {
		l, err := dial(k.front, lastID)
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		k.connected.Add(1)
		defer context.AfterFunc(ctx, l.Close)()
		for {
			e, err := l.read()
			if err != nil {
				break
			}
			if err := k.hear(ctx, e); err != nil {
				break // the list could not be had: it is named again
			}
			lastID = l.lastID
			if enough() {
				l.Close()
				return nil
			}
		}
		l.Close()
	}
	return ctx.Err()
}

// hear takes the token that came, or fetches the list when it is newer than what is
// known.
func (k *follower) hear(ctx context.Context, e eventstreamtest.Event) error {
	if e.Name != "list" {
		return nil
	}
	var state listState
	if err := json.Unmarshal([]byte(e.Data), &state); err != nil {
		return err
	}
	held, have := k.lists[state.URI]
	if have && held.Seq >= state.Seq {
		return nil
	}
	text := state.Token
	if text == "" {
		var err error
		if text, err = fetched(ctx, state.URI); err != nil {
			return err
		}
	}
	token, err := revocation.Open(text, state.URI, issuerListKey)
	if err != nil {
		return err
	}
	if token.Seq < state.Seq {
		return fmt.Errorf("seq %d was named and %d came", state.Seq, token.Seq)
	}
	k.lists[state.URI] = token
	return nil
}

func fetched(ctx context.Context, uri string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", response.StatusCode)
	}
	return string(text), err
}

// revoke issues a badge and revokes it, and reports whether that was acknowledged.
func (r *restarting) revoke(ctx context.Context, id string) (store.Badge, bool) {
	database := r.store.Load()
	if _, err := database.ReserveBadge(ctx, storetest.Reservation(id, 0)); err != nil {
		return store.Badge{}, false
	}
	badge, err := database.SetBadgeStatus(ctx, store.StatusChange{BadgeID: id, To: store.Invalid, Reason: "r", By: "a test"})
	return badge, err == nil
}

// TestEvents_AServerThatRestartsUnderLoadLosesNoRevocation restarts the issuer again
// and again while badges are issued and revoked, and asks what a reader knows at the
// end that only follows the stream.
func TestEvents_AServerThatRestartsUnderLoadLosesNoRevocation(t *testing.T) {
	t.Parallel()
	restarts := 20
	if testing.Short() {
		restarts = 3
	}
	r := newRestarting(t)
	stop := r.start(t)
	if _, err := r.store.Load().ApplyImport(t.Context(), store.Import{People: storetest.People(1), By: "a test"}); err != nil {
		t.Fatal(err)
	}
	var revoked revocations
	k := &follower{front: r.front.URL, lists: make(map[string]revocation.Token)}
	following := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 10*eventstreamtest.Patience)
		defer cancel()
		following <- k.follow(ctx, func() bool { return revoked.complete.Load() && revoked.missing(k) == 0 })
	}()

	working, finish := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for i := 0; working.Err() == nil; i++ {
				if badge, ok := r.revoke(t.Context(), fmt.Sprint(worker, "-", i)); ok {
					revoked.add(badge)
				}
			}
		})
	}
	for i := range restarts {
		for until := revoked.count() + 20; revoked.count() < until || k.connected.Load() <= int64(i); {
			time.Sleep(time.Millisecond)
		}
		stop(i%2 == 0)
		stop = r.start(t)
	}
	finish()
	workers.Wait()
	revoked.complete.Store(true)
	if badge, ok := r.revoke(t.Context(), "the last one"); ok {
		revoked.add(badge)
	}
	if err := <-following; err != nil {
		t.Errorf("%v; %d of %d revocations are not known", err, revoked.missing(k), revoked.count())
	}
	t.Logf("%d revocations in %d lists, %d restarts, connected %d times", revoked.count(), len(k.lists), restarts, k.connected.Load())
	stop(true)
}

// revocations are those that were acknowledged.
type revocations struct {
	complete atomic.Bool

	mu  sync.Mutex
	all []store.Badge
}

func (r *revocations) add(b store.Badge) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, b)
}

func (r *revocations) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// missing counts those that a reader does not know.
func (r *revocations) missing(k *follower) (missing int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.all {
		list, have := k.lists[k.front+issuer.StatusListPath+strconv.FormatInt(b.ListID, 10)]
		if !have {
			missing++
			continue
		}
		if status, err := list.List.Status(uint64(b.Index)); err != nil || status != revocation.Invalid {
			missing++
		}
	}
	return missing
}
