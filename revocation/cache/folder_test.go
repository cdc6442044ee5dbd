package cache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/revocation/cache"
)

func list(n int) revocation.Cached {
	return revocation.Cached{
		Issuer: "https://issuer.example",
		URI:    fmt.Sprintf("https://issuer.example/status-lists/%d", n),
		Token:  fmt.Sprintf("token.of.%d", n),
	}
}

func mustOpen(t *testing.T, path string) *cache.Folder {
	t.Helper()
	folder, err := cache.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func mustSave(t *testing.T, folder *cache.Folder, lists ...revocation.Cached) {
	t.Helper()
	for _, l := range lists {
		if err := folder.Save(l); err != nil {
			t.Fatal(err)
		}
	}
}

// loaded is what a folder yields, sorted, and its complaints.
func loaded(folder *cache.Folder) (lists []revocation.Cached, complaints []string) {
	for l, err := range folder.Load() {
		if err != nil {
			complaints = append(complaints, err.Error())
			continue
		}
		lists = append(lists, l)
	}
	slices.SortFunc(lists, func(a, b revocation.Cached) int { return strings.Compare(a.Issuer+a.URI, b.Issuer+b.URI) })
	return lists, complaints
}

func want(t *testing.T, folder *cache.Folder, lists ...revocation.Cached) {
	t.Helper()
	got, complaints := loaded(folder)
	if !slices.Equal(got, lists) || len(complaints) != 0 {
		t.Errorf("got %v and %q, want %v", got, complaints, lists)
	}
}

func names(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]string, len(entries))
	for n, entry := range entries {
		all[n] = entry.Name()
	}
	return all
}

func TestWhatWasSavedIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "verifier", "lists")
	folder := mustOpen(t, path)
	want(t, folder)
	newer := list(1)
	newer.Token = "newer.token"
	mustSave(t, folder, list(1), list(2), newer)
	want(t, folder, newer, list(2))
	want(t, mustOpen(t, path), newer, list(2))
	if files := names(t, path); len(files) != 2 {
		t.Errorf("left %q", files)
	}
}

func TestListsOfTwoIssuersAreKeptApart(t *testing.T) {
	t.Parallel()
	folder := mustOpen(t, t.TempDir())
	other := list(1)
	other.Issuer = "https://other.example"
	mustSave(t, folder, list(1), other)
	want(t, folder, list(1), other)
}

// TestWhatIsNoListIsReported puts everything into the folder that does not belong
// there. The lists beside it are yielded all the same.
func TestWhatIsNoListIsReported(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	folder := mustOpen(t, path)
	mustSave(t, folder, list(1))
	name := names(t, path)[0]
	text, err := os.ReadFile(filepath.Join(path, name))
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	for foreign, content := range map[string]string{
		"readme.txt":    "not ours",
		"a.list":        good, // another list's name
		"b.list":        "",
		"c.list":        good[:len(good)-1],
		"d.list":        good + "more\n",
		"e.list":        strings.Replace(good, "list 1", "list 2", 1),
		"f.list":        strings.Repeat("A", cache.MaxFile+1),
		"sub/read.list": good,
	} {
		file := filepath.Join(path, foreign)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lists, complaints := loaded(mustOpen(t, path))
	if !slices.Equal(lists, []revocation.Cached{list(1)}) {
		t.Errorf("got %v", lists)
	}
	for _, foreign := range []string{"readme.txt", "a.list", "b.list", "c.list", "d.list", "e.list", "f.list", "sub"} {
		if !slices.ContainsFunc(complaints, func(c string) bool { return strings.Contains(c, filepath.Join(path, foreign)+":") }) {
			t.Errorf("nothing was said of %s: %q", foreign, complaints)
		}
	}
	if len(complaints) != 8 {
		t.Errorf("%d complaints: %q", len(complaints), complaints)
	}
}

func TestAListIsAsLongAsATokenMayBe(t *testing.T) {
	t.Parallel()
	folder := mustOpen(t, t.TempDir())
	longest := list(1)
	longest.Token = strings.Repeat("A", revocation.MaxTokenSize)
	mustSave(t, folder, longest)
	want(t, folder, longest)
	atBound := list(2)
	// Each line has its line feed.
	atBound.Token = strings.Repeat("A", cache.MaxFile-len("cyberbadge-list 1")-len(atBound.Issuer)-len(atBound.URI)-4)
	mustSave(t, folder, atBound)
	beyond := list(3)
	beyond.Token = atBound.Token + "A"
	if err := folder.Save(beyond); err == nil {
		t.Error("one byte more was kept")
	}
	want(t, folder, longest, atBound)
}

func TestNothingIsKeptThatCouldNotBeReadBack(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	folder := mustOpen(t, path)
	for _, change := range []func(*revocation.Cached){
		func(l *revocation.Cached) { l.Issuer += "\n" },
		func(l *revocation.Cached) { l.URI += "\n" },
		func(l *revocation.Cached) { l.Token += "\n" },
	} {
		l := list(1)
		change(&l)
		if err := folder.Save(l); err == nil {
			t.Errorf("kept %q", l)
		}
	}
	if files := names(t, path); len(files) != 0 {
		t.Errorf("left %q", files)
	}
}

// TestAFailedSaveLeavesNothingHalf has a folder in the place of the list's file, so
// that the last step fails.
func TestAFailedSaveLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	folder := mustOpen(t, path)
	mustSave(t, folder, list(1))
	name := filepath.Join(path, names(t, path)[0])
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(name, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := folder.Save(list(1)); err == nil {
		t.Error("saved")
	}
	if files := names(t, path); len(files) != 1 {
		t.Errorf("left %q", files)
	}
	mustSave(t, folder, list(2))
}

func TestOpenTidiesUpAfterOneThatDied(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	mustSave(t, mustOpen(t, path), list(1))
	if err := os.WriteFile(filepath.Join(path, ".new-123"), []byte("half a li"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, mustOpen(t, path), list(1))
	if files := names(t, path); len(files) != 1 {
		t.Errorf("left %q", files)
	}
}

func TestOneListTooManyTakesThePlaceOfTheOldest(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	folder := mustOpen(t, path)
	for n := range cache.MaxFiles {
		mustSave(t, folder, list(n))
	}
	if files := names(t, path); len(files) != cache.MaxFiles {
		t.Fatalf("%d files at the bound", len(files))
	}
	var oldest string
	for _, name := range names(t, path) {
		text, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		if strings.Contains(string(text), list(413).Token+"\n") {
			oldest, at = name, at.Add(-time.Hour)
		}
		if err := os.Chtimes(filepath.Join(path, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	mustSave(t, folder, list(cache.MaxFiles))
	lists, complaints := loaded(mustOpen(t, path))
	if len(lists) != cache.MaxFiles || len(complaints) != 0 {
		t.Fatalf("%d lists, %q", len(lists), complaints)
	}
	if slices.Contains(lists, list(413)) || !slices.Contains(lists, list(cache.MaxFiles)) || slices.Contains(names(t, path), oldest) {
		t.Error("not the oldest was given up for the new one")
	}
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Open(path); err == nil {
		t.Error("opened a file")
	}
}
