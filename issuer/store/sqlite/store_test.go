package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, c storetest.Config) store.Store {
		return openTest(t, Config{
			Path: testPath(t), Create: true,
			ListSize: c.ListSize, MaxFillPercent: c.MaxFillPercent, MaxLists: c.MaxLists, Now: c.Now,
		})
	})
}

// testPath returns a path in a folder that Create will make.
func testPath(t testing.TB) string { return filepath.Join(t.TempDir(), "store", "store.db") }

// openTest opens a store that is closed, and checked, at the end of the test.
func openTest(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
