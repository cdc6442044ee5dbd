package sqlite

import (
	"context"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// RecordBundle implements [store.BundleWriter].
func (s *Store) RecordBundle(ctx context.Context, e store.BundleExport) (int64, error) {
	if err := e.Validate(); err != nil {
		return 0, err
	}
	number, err := change(ctx, s.writer, func(t *tx) (int64, error) {
		err := t.record(e.At, e.By, store.BundleExported, e.Customer, struct {
			Expires   time.Time `json:"expires"`
			Lists     bool      `json:"lists"`
			Portraits bool      `json:"portraits"`
		}{kept(e.Expires), e.Lists, e.Portraits})
		return t.head.Number, err
	})
	return described(number, err, "bundle for %.64q", e.Customer)
}
