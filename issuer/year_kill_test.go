package issuer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/sqlitefile/sqlitefiletest"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestMain(m *testing.M) { sqlitefiletest.Main(m, work) }

// killedPeople is for how many people the process that is killed works.
const killedPeople = 8

// position is how far the world outside has come: what it sent and got no answer
// to, it sends again.
type position struct {
	Now   time.Time
	Heard int
}

func readPosition(folder string) (p position, err error) {
	p.Now = yearStart.Add(-time.Hour)
	text, err := os.ReadFile(filepath.Join(folder, "position"))
	if os.IsNotExist(err) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, err
}

func (p position) write(folder string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	path := filepath.Join(folder, "position")
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// liveOn lives through the year from where it was left, and acknowledges each instant
// that it begins.
func liveOn(folder string, acknowledge func(line string)) error {
	year, err := newWorld(killedPeople, 1)
	if err != nil {
		return err
	}
	at, err := readPosition(folder)
	if err != nil {
		return err
	}
	y, err := openYear(folder, year[at.Heard:], at.Now)
	if err != nil {
		return err
	}
	defer y.store.Close()
	ctx := context.Background()
	for end := hourOf(yearDays * 24); ; {
		now, err := y.next(ctx)
		if err != nil {
			return err
		}
		if !now.Before(end) {
			break
		}
		acknowledge(now.Format(time.DateTime))
		if err := y.live(ctx, now); err != nil {
			return fmt.Errorf("%s: %w", now, err)
		}
		if err := (position{now, len(year) - len(y.ahead)}).write(folder); err != nil {
			return err
		}
	}
	// What a process had claimed when it was killed is claimed again.
	y.Set(hourOf(yearDays * 24))
	_, err = y.courier.Drain(ctx)
	return err
}

// Killing the process at 50 random points of the year changes nothing in what the
// year comes to.
func TestYear_KillingTheProcessChangesNothing(t *testing.T) {
	t.Parallel()
	kills := 50
	if testing.Short() {
		kills = 3
	}
	undisturbed, disturbed := yearFolder(t), yearFolder(t)
	instants := liveUntil(t, undisturbed, 0, 0)
	lived := 0
	for kill := range kills {
		after := 1 + rand.IntN(max(1, 2*(instants-lived)/(kills-kill+1)))
		// An instant takes about as long as the longest of these waits.
		lived += liveUntil(t, disturbed, after, time.Duration(rand.IntN(3000))*time.Microsecond)
	}
	liveUntil(t, disturbed, 0, 0)
	want, got := outcome(t, undisturbed), outcome(t, disturbed)
	for i, line := range want {
		if i >= len(got) || got[i] != line {
			t.Fatalf("line %d of %d:\n got %s\nwant %s", i, len(want), append(got, "")[min(i, len(got))], line)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d; the first beyond: %s", len(got), len(want), got[len(want)])
	}
	t.Logf("%d kills in %d instants, %d lines of outcome", kills, instants, len(want))
}

// liveUntil runs the process for so many instants, kills it after a wait and
// returns how many it began; 0 lets it come to the end of the year.
func liveUntil(t *testing.T, folder string, instants int, wait time.Duration) int {
	t.Helper()
	return sqlitefiletest.Start(t, folder, instants, wait, func(string) {})
}

// outcome is what a year came to: everybody's standing and badges, every message and
// every event, in an order of its own.
func outcome(t *testing.T, folder string) []string {
	t.Helper()
	y, err := openYear(folder, nil, hourOf(yearDays*24))
	if err != nil {
		t.Fatal(err)
	}
	defer y.store.Close()
	ctx := t.Context()
	if err := y.store.Check(ctx); err != nil {
		t.Error(err)
	}
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	records, err := y.store.Records(ctx, "", store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		add("record %+v %s", r, r.Ladder)
		badges, err := y.BadgesOf(ctx, r.PersonID)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range badges {
			add("badge %s %s %v %s %s", b.ID, b.Status, b.Causes, b.StatusReason, b.StatusAt)
		}
		holds, err := y.HoldsOf(ctx, r.PersonID)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range holds {
			add("hold %s %s %s %s", h.PersonID, h.At, h.Until, h.EndedAt)
		}
	}
	lines = append(lines, messagesOf(t, y)...)
	lines = append(lines, eventsOf(t, y)...)
	slices.Sort(lines)
	return lines
}

func messagesOf(t *testing.T, y *year) (lines []string) {
	t.Helper()
	for after := int64(0); ; {
		page, err := y.Messages(t.Context(), store.MessageQuery{After: after, Limit: store.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			after = m.Number
			lines = append(lines, fmt.Sprintf("message %s %s %s %s", m.Key, m.State, m.SentTo, m.Instead))
		}
		if len(page) < store.MaxPage {
			return lines
		}
	}
}

func eventsOf(t *testing.T, y *year) (lines []string) {
	t.Helper()
	salted := regexp.MustCompile("[0-9a-f]{64}")
	for after := int64(0); ; {
		page, err := y.Events(t.Context(), after, store.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			after = e.Number
			switch e.Kind {
			case store.BadgePrepared, store.MessageDelivered: // chance is in them: the index, the attempt
				lines = append(lines, fmt.Sprintf("event %s %s", e.Kind, e.Subject))
			case store.PersonAdded, store.PersonChanged: // the salt of the hashes
				lines = append(lines, fmt.Sprintf("event %s %s %s %s %s", e.Kind, e.At, e.By, e.Subject, salted.ReplaceAllString(string(e.Detail), "hash")))
			case store.HoldAdded, store.HoldEnded: // the id
				lines = append(lines, fmt.Sprintf("event %s %s %s", e.Kind, e.At, e.Detail))
			default:
				lines = append(lines, fmt.Sprintf("event %s %s %s %s %s", e.Kind, e.At, e.By, e.Subject, e.Detail))
			}
		}
		if len(page) < store.MaxPage {
			return lines
		}
	}
}
