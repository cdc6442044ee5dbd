package sqlite

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/storetest"
)

func TestStore_FailingRandomNumbersGiveNoBadge(t *testing.T) {
	t.Parallel()
	s := openTest(t, Config{Path: testPath(t), Create: true, ListSize: 64,
		Rand: io.MultiReader(bytes.NewReader(make([]byte, 8)), iotest.ErrReader(errors.New("no entropy")))})
	knowPeople(t, s)
	if _, err := s.ReserveBadge(t.Context(), storetest.Reservation("a", 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ReserveBadge(t.Context(), storetest.Reservation("b", 0)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error %v, want %v", err, store.ErrUnavailable)
	}
	assertBitmap(t, s)
}
