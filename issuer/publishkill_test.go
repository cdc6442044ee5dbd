package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/internal/sqlitefile/sqlitefiletest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/issuertest"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
	"github.com/cyberbadge/cyberbadge/revocation"
)

// publishingFile, in a folder, has the process that is killed revoke and publish there.
// With stuck in it, it never comes to the end of signing a second time.
const (
	publishingFile = "publishing"
	stuck          = "stuck"
)

// signing is acknowledged by a process that is stuck.
const signing = "signing"

// work is what the process does that is killed: what its folder is for.
func work(folder string, acknowledge func(line string)) error {
	how, err := os.ReadFile(filepath.Join(folder, publishingFile))
	if errors.Is(err, os.ErrNotExist) {
		return liveOn(folder, acknowledge)
	}
	if err != nil {
		return err
	}
	return publishOn(folder, string(how) == stuck, acknowledge)
}

// killable is an issuer in a folder, as this process opens it.
type killable struct {
	*issuer.Program
	store *sqlite.Store
	files *issuer.ListFolder
}

func openKillable(folder string, create bool, change func(*issuer.Config)) (*killable, error) {
	at, err := time.Parse(time.RFC3339, sample.AsOf)
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return at }
	database, err := sqlite.Open(context.Background(), sqlite.Config{Path: filepath.Join(folder, "db", "store.db"), Create: create, ListSize: 1 << 12, Now: now})
	if err != nil {
		return nil, err
	}
	config := issuertest.Config(database, now)
	if change != nil {
		change(&config)
	}
	program, err := issuer.New(config)
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	files, err := issuer.OpenListFolder(filepath.Join(folder, "files"), program.URL(), true)
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return &killable{program, database, files}, nil
}

// publishOn revokes one badge after the other, as long as there are any, and
// acknowledges each, while lists and files are published beside.
func publishOn(folder string, sticks bool, acknowledge func(line string)) error {
	k, err := openKillable(folder, false, func(c *issuer.Config) {
		if !sticks {
			return
		}
		var signed atomic.Int64
		c.ListKey = signer{credentialtest.ListKey, func() error {
			if signed.Add(1) == 2 {
				acknowledge(signing)
				select {}
			}
			return nil
		}}
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	published := make(chan struct{}, 1000)
	k.OnListPublished(func(issuer.ListToken) { published <- struct{}{} })
	go k.PublishLists(ctx)
	go k.KeepListFolder(ctx, k.files)
	<-published
	for !exists(filepath.Join(folder, "files", "status-lists", "1.gz")) {
		time.Sleep(time.Millisecond)
	}
	for i := 0; ; i++ {
		badge, err := k.store.BadgeByIndex(ctx, 1, uint32(i))
		if errors.Is(err, store.ErrNotFound) {
			if i > 1<<12 {
				select {} // all are revoked: wait to be killed
			}
			continue
		}
		if err != nil {
			return err
		}
		if badge.Status == store.Invalid {
			continue
		}
		if _, err := k.SetStatus(ctx, badge.ID, store.Invalid, "r", "a test"); err != nil {
			return err
		}
		acknowledge(fmt.Sprint("revoked ", i))
	}
}

// killableFolder is a folder with an issuer that has issued badges.
func killableFolder(t *testing.T, badges int, how string) string {
	t.Helper()
	folder := t.TempDir()
	k, err := openKillable(folder, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer k.store.Close()
	issuertest.ImportSample(t, k.Program)
	p := program{Program: k.Program, store: k.store}
	person := p.eligible(t)[0].Person.ID
	for range badges {
		p.mustIssue(t, person)
	}
	if err := os.WriteFile(filepath.Join(folder, publishingFile), []byte(how), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// noting puts down which entries the process says it revoked.
func noting(t *testing.T, revoked map[uint64]bool) func(line string) {
	return func(line string) {
		var index uint64
		if strings.TrimSpace(line) == signing {
			return
		}
		if _, err := fmt.Sscanf(line, "revoked %d", &index); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		revoked[index] = true
	}
}

// published is what the list says of all badges that were revoked, by the program and
// by the file. The file may be from before, but is whole.
func (k *killable) published(t *testing.T, folder string) (now, file revocation.Token) {
	t.Helper()
	token, err := k.ListToken(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]*revocation.Token{token.Text: &now, read(t, folder, "files", "status-lists/1"): &file} {
		if *to, err = revocation.Open(from, k.ListURI(1), listKey); err != nil {
			t.Fatal(err)
		}
	}
	return now, file
}

func allRevoked(t *testing.T, list revocation.Token, revoked map[uint64]bool) {
	t.Helper()
	for index := range revoked {
		if status, err := list.List.Status(index); err != nil || status != revocation.Invalid {
			t.Errorf("the list says of %d, which was revoked: %v, %v", index, status, err)
		}
	}
}

// Killed when the revocations were committed and acknowledged, and their list not
// signed.
func TestPublish_KilledBetweenCommitAndPublish(t *testing.T) {
	t.Parallel()
	const badges = 3
	folder := killableFolder(t, badges, stuck)
	revoked := map[uint64]bool{}
	sqlitefiletest.Start(t, folder, badges+1, 0, noting(t, revoked)) // each, and that it is signing
	k, err := openKillable(folder, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer k.store.Close()
	now, file := k.published(t, folder)
	if file.Seq != 1 || now.Seq != 1+badges || len(revoked) != badges {
		t.Errorf("seq %d was published, then %d; %d were revoked", file.Seq, now.Seq, len(revoked))
	}
	allRevoked(t, now, revoked)
}

func TestPublish_KillingTheProcessLosesNothing(t *testing.T) {
	t.Parallel()
	kills := 15
	if testing.Short() {
		kills = 2
	}
	folder := killableFolder(t, 2000, "")
	revoked := map[uint64]bool{}
	seq := uint64(0)
	sqlitefiletest.Killing{
		Path: folder, Kills: kills, Within: 120 * time.Millisecond, Acknowledged: noting(t, revoked),
		Survived: func() {
			k, err := openKillable(folder, false, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer k.store.Close()
			now, file := k.published(t, folder)
			allRevoked(t, now, revoked)
			if now.Seq < file.Seq || file.Seq < seq {
				t.Errorf("seq %d, in the file %d, before %d", now.Seq, file.Seq, seq)
			}
			seq = file.Seq
			k.heals(t, folder, now.Seq)
		},
	}.Run(t)
	t.Logf("%d kills, %d revocations acknowledged, none lost", kills, len(revoked))
}

// heals has the files written, which must be those of the list, and no others left.
func (k *killable) heals(t *testing.T, folder string, seq uint64) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := k.KeepListFolder(ctx, k.files); err != nil {
		t.Error(err)
	}
	if _, file := k.published(t, folder); file.Seq != seq {
		t.Errorf("the file has seq %d, the list %d", file.Seq, seq)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "files", "*", ".staged-*")); err != nil || len(left) != 0 {
		t.Errorf("%q, %v", left, err)
	}
}
