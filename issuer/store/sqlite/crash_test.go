package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile/sqlitefiletest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

func TestMain(m *testing.M) { sqlitefiletest.Main(m, issueUntilKilled) }

// stages are the statuses that every badge of the crash test goes through: it is
// reserved, completed, and then changed.
var stages = [...]store.Status{store.Valid, store.Valid, store.Suspended, store.Valid, store.Invalid}

// advance takes a badge to a stage from the one before.
func advance(ctx context.Context, s *Store, id string, stage int) (err error) {
	switch stage {
	case 0:
		_, err = s.ReserveBadge(ctx, storetest.Reservation(id, 0))
	case 1:
		_, err = s.CompleteBadge(ctx, id, storetest.Sum(id))
	default:
		_, err = s.SetBadgeStatus(ctx, store.StatusChange{
			BadgeID: id, To: stages[stage], Reason: fmt.Sprint("stage ", stage), By: "crash test",
		})
	}
	return err
}

// stageOf tells from a badge's row which stage it has reached.
func stageOf(b store.Badge) (stage int) {
	if b.State == store.Issued {
		stage = 1
	}
	fmt.Sscanf(b.StatusReason, "stage %d", &stage)
	return stage
}

// issueUntilKilled takes badges through their stages as fast as it can, and
// acknowledges each with "id stage".
func issueUntilKilled(path string, acknowledge func(line string)) error {
	const callers = 16
	s, err := Open(context.Background(), Config{Path: path})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for caller := range callers {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), caller, n)
				for stage := range 1 + n%len(stages) { // so that badges stay behind in each
					if err := advance(context.Background(), s, id, stage); err != nil {
						failed <- err
						return
					}
					acknowledge(fmt.Sprint(id, " ", stage))
				}
			}
		}()
	}
	return <-failed
}

func TestCrash_NothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	kills := 25
	if testing.Short() {
		kills = 3
	}
	path := testPath(t)
	s, err := Open(t.Context(), Config{Path: path, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	knowPeople(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	acknowledged := map[string]int{} // badge to stage
	sqlitefiletest.Killing{
		Path: path, Kills: kills, Within: 170 * time.Millisecond,
		Acknowledged: func(line string) {
			var id string
			var stage int
			if _, err := fmt.Sscan(line, &id, &stage); err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			acknowledged[id] = stage
		},
		Survived: func() { survived(t, path, acknowledged) },
	}.Run(t)
	t.Logf("%d kills, %d badges acknowledged, none lost", kills, len(acknowledged))
}

// survived opens the database as after a crash and compares it with what was
// acknowledged.
func survived(t *testing.T, path string, acknowledged map[string]int) {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	badges, err := s.BadgesOf(t.Context(), "person-000", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]store.Badge{}
	for _, b := range badges {
		found[b.ID] = b
	}
	for id, stage := range acknowledged {
		// The last change may have been made and its acknowledgement lost.
		if b, ok := found[id]; !ok || stageOf(b) < stage || stageOf(b) > stage+1 {
			t.Errorf("badge %s: stage %d of acknowledged %d, found %v", id, stageOf(b), stage, ok)
		}
	}
	sameStatuses(t, s, badges)
	assertBitmap(t, s)
	countEvents(t, s, badges)
}

// sameStatuses compares every entry of every list with the badges.
func sameStatuses(t *testing.T, s *Store, badges []store.Badge) {
	t.Helper()
	lists, err := s.Lists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		statuses, err := s.Statuses(t.Context(), list.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, list.Size/4)
		for _, b := range badges {
			if b.Status != stages[stageOf(b)] {
				t.Errorf("badge %s is %s in stage %d", b.ID, b.Status, stageOf(b))
			}
			if b.ListID == list.ID {
				want[b.Index/4] |= b.Status.Entry() << (b.Index % 4 * 2)
			}
		}
		if string(statuses.Packed) != string(want) {
			t.Errorf("list %d differs from its badges", list.ID)
		}
	}
}

// countEvents asserts that each change has its one event.
func countEvents(t *testing.T, s *Store, badges []store.Badge) {
	t.Helper()
	want := map[store.EventKind]int{}
	for _, b := range badges {
		want[store.BadgePrepared]++
		if b.State == store.Issued {
			want[store.BadgeIssued]++
		}
		want[store.BadgeStatus] += max(0, stageOf(b)-1)
	}
	for kind, want := range want {
		var got int
		if err := s.reads.QueryRow("SELECT count(*) FROM events WHERE kind = ?", kind).Scan(&got); err != nil || got != want {
			t.Errorf("%d events %s, %v; want %d", got, kind, err, want)
		}
	}
}

func TestLock_DiesWithItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store", "store.db")
	s := openTest(t, Config{Path: path, Create: true})
	knowPeople(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sqlitefiletest.Start(t, path, 1, 0, func(string) {})
	openTest(t, Config{Path: path})
}
