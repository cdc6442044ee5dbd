package revocation_test

import (
	"errors"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/cache"
)

func mustFolder(t *testing.T, path string) *cache.Folder {
	t.Helper()
	folder, err := cache.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// newKeptSite keeps its lists in a folder, and reports.
func newKeptSite(t *testing.T, path string, events *events) *site {
	t.Helper()
	return newSite(t, func(config *revocation.CheckerConfig) {
		config.Cache = mustFolder(t, path)
		events.observe(config)
	})
}

// restart is another checker of the same site, after a power cut.
func (s *site) restart(t *testing.T, path string, events *events) {
	t.Helper()
	s.checker.Close() // without a word: all that counts is on the disk
	config := revocation.CheckerConfig{
		Trust:   trust{s.server.URL + "/status-lists/"},
		Fetcher: mustFetcher(t, s.server.URL),
		Cache:   mustFolder(t, path),
		Now:     s.Now,
	}
	events.observe(&config)
	s.checker = mustChecker(t, config)
}

func TestARestartWithoutANetworkStillDecides(t *testing.T) {
	t.Parallel()
	events, path := newEvents(), t.TempDir()
	s := newKeptSite(t, path, events)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 1)
	s.server.CloseClientConnections()
	s.serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	s.Move(10 * time.Minute)
	s.restart(t, path, events)
	s.wantAnswer(t, revocation.Invalid, "")
	// What is kept gets no younger.
	if result, err := s.check(t); err != nil || result.Age != 10*time.Minute {
		t.Errorf("got %+v, %v", result, err)
	}
	s.Move(5*time.Minute + time.Second)
	s.wantAnswer(t, 0, code.StatusStale)
	events.none(t, revocation.CacheFailed)
}

// TestARestartLooksForANewerListFirst: for how long the kept one has lain there, no
// ttl tells.
func TestARestartLooksForANewerListFirst(t *testing.T) {
	t.Parallel()
	events, path := newEvents(), t.TempDir()
	s := newKeptSite(t, path, events)
	s.want(t, revocation.Valid, "", 1)
	s.publish(t, revocation.Invalid)
	s.restart(t, path, events)
	s.want(t, revocation.Invalid, "", 2)
}

func TestF9_TheMemoryOfTheNewestListSurvivesARestart(t *testing.T) {
	t.Parallel()
	events, path := newEvents(), t.TempDir()
	s := newKeptSite(t, path, events)
	old := s.token(t, revocation.Valid, nil)
	s.Move(time.Minute)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 1)
	s.restart(t, path, events)
	s.serveText(old)
	s.want(t, revocation.Invalid, "", 2)
	events.wait(t, revocation.ListRollback, code.StatusRollback)
	if got := code.Of(s.checker.Load(issuerURL, s.uri, old)); got != code.StatusRollback {
		t.Errorf("got %q", got)
	}
}

// TestADamagedCacheIsReportedAndLeftOut changes one byte in eleven, each alone.
func TestADamagedCacheIsReportedAndLeftOut(t *testing.T) {
	t.Parallel()
	events, path := newEvents(), t.TempDir()
	s := newKeptSite(t, path, events)
	s.want(t, revocation.Valid, "", 1)
	s.checker.Close()
	name := onlyFile(t, path)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(good); at += 11 {
		bad := []byte(string(good))
		bad[at] ^= 1
		if err := os.WriteFile(name, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s.restart(t, path, events)
		if held := s.checker.Held(); len(held) != 0 {
			t.Fatalf("holds a list with byte %d changed", at)
		}
		if _, reported := events.take(revocation.CacheFailed); !reported {
			t.Errorf("nothing was said of byte %d", at)
		}
	}
	// It is in nobody's way.
	s.wantAnswer(t, revocation.Valid, "")
	s.restart(t, path, events)
	if held := s.checker.Held(); len(held) != 1 {
		t.Errorf("holds %v", held)
	}
	events.none(t, revocation.CacheFailed)
}

func onlyFile(t *testing.T, path string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(path, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	return files[0]
}

// TestAKeptListIsVerifiedByTheTrustOfThisRun has in the cache what was trusted
// before, or never.
func TestAKeptListIsVerifiedByTheTrustOfThisRun(t *testing.T) {
	t.Parallel()
	const uri = "https://lists.example/1"
	token := tokenAt(t, uri, start, revocation.Valid, nil)
	for name, test := range map[string]struct {
		kept revocation.Cached
		want code.Code
	}{
		"another issuer":      {revocation.Cached{Issuer: "https://other.example", URI: uri, Token: token}, code.StatusURINotAllowed},
		"another place":       {revocation.Cached{Issuer: issuerURL, URI: "https://elsewhere.example/1", Token: token}, code.StatusURINotAllowed},
		"another list's name": {revocation.Cached{Issuer: issuerURL, URI: uri + "2", Token: token}, code.StatusSubMismatch},
		"not signed":          {revocation.Cached{Issuer: issuerURL, URI: uri, Token: token[:strings.LastIndexByte(token, '.')+1]}, code.StatusSignatureInvalid},
	} {
		events := newEvents()
		folder := mustFolder(t, t.TempDir())
		if err := folder.Save(test.kept); err != nil {
			t.Fatal(err)
		}
		config := revocation.CheckerConfig{Trust: trust{"https://lists.example/"}, Cache: folder, Now: newClock().Now}
		events.observe(&config)
		checker := mustChecker(t, config)
		if held := checker.Held(); len(held) != 0 {
			t.Errorf("%s: holds %v", name, held)
		}
		events.wait(t, revocation.CacheFailed, test.want)
		_, err := checker.Check(t.Context(), test.kept.Issuer, credential.StatusRef{URI: test.kept.URI, Index: index})
		if err == nil {
			t.Errorf("%s: decided", name)
		}
	}
}

// fullDisk is a cache that keeps nothing.
type fullDisk struct{}

var errFull = errors.New("no space left on device")

func (fullDisk) Load() iter.Seq2[revocation.Cached, error] {
	return func(yield func(revocation.Cached, error) bool) { yield(revocation.Cached{}, errFull) }
}
func (fullDisk) Save(revocation.Cached) error { return errFull }

func TestACacheThatFailsHindersNoDecision(t *testing.T) {
	t.Parallel()
	events := newEvents()
	s := newSite(t, func(config *revocation.CheckerConfig) {
		config.Cache = fullDisk{}
		events.observe(config)
	})
	s.want(t, revocation.Valid, "", 1)
	for range 2 { // reading, then writing
		if event := events.wait(t, revocation.CacheFailed, code.Internal); !errors.Is(event.Err, errFull) {
			t.Errorf("got %v", event.Err)
		}
	}
	s.Move(time.Minute)
	s.publish(t, revocation.Invalid)
	s.want(t, revocation.Invalid, "", 2)
}

// TestOnlyNewListsAreWritten: an unchanged list is no reason to wear out a disk.
func TestOnlyNewListsAreWritten(t *testing.T) {
	t.Parallel()
	counted := &countingCache{}
	s := newSite(t, func(config *revocation.CheckerConfig) { config.Cache = counted })
	token := s.token(t, revocation.Valid, nil)
	for range 3 {
		if err := s.checker.Load(issuerURL, s.uri, token); err != nil {
			t.Fatal(err)
		}
	}
	if counted.saved != 1 {
		t.Errorf("written %d times", counted.saved)
	}
}

type countingCache struct{ saved int }

func (*countingCache) Load() iter.Seq2[revocation.Cached, error] {
	return func(func(revocation.Cached, error) bool) {}
}

func (c *countingCache) Save(revocation.Cached) error {
	c.saved++
	return nil
}
