package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Defaults for the fields of [Config] that are left zero, and their upper bounds.
const (
	DefaultListSize       = 1 << 20
	DefaultMaxFillPercent = 90
	DefaultMaxLists       = 1000
	DefaultReaders        = 8
	DefaultBatchSize      = 256
	DefaultQueueLength    = 1024

	MaxReaders     = 256
	MaxBatchSize   = 1 << 12
	MaxQueueLength = 1 << 16
)

// Config says where the database is and how it works. Only Path is needed.
type Config struct {
	Path   string // of the database file; its folder must be the store's own
	Create bool   // make the database, and the last folder of Path, if missing

	ListSize       uint32 // entries in lists to come, a multiple of store.MinListSize
	MaxFillPercent int    // share of a list that is given out before the next begins, 1 to 100
	MaxLists       int    // store.ErrListFull beyond it: verifiers fetch every list

	Readers     int // connections for reading
	BatchSize   int // most changes in one transaction
	QueueLength int // most changes waiting; callers beyond it wait to get in line

	Now    func() time.Time // for events and creation times; time.Now if nil
	Rand   io.Reader        // for indices, cryptographically secure; crypto/rand if nil
	Logger *slog.Logger     // nothing is logged if nil
}

// complete returns the config with its defaults in, or every problem it has.
func (c Config) complete() (Config, error) {
	setDefault(&c.ListSize, DefaultListSize)
	setDefault(&c.MaxFillPercent, DefaultMaxFillPercent)
	setDefault(&c.MaxLists, DefaultMaxLists)
	setDefault(&c.Readers, DefaultReaders)
	setDefault(&c.BatchSize, DefaultBatchSize)
	setDefault(&c.QueueLength, DefaultQueueLength)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}

	var problems []error
	if c.Path == "" {
		problems = append(problems, errors.New("the field Path is missing"))
	} else {
		path, err := filepath.Abs(c.Path)
		problems = append(problems, err)
		c.Path = path
	}
	if c.ListSize < store.MinListSize || c.ListSize > store.MaxListSize || c.ListSize%store.MinListSize != 0 {
		problems = append(problems, fmt.Errorf("ListSize is %d: use a multiple of %d up to %d",
			c.ListSize, store.MinListSize, store.MaxListSize))
	}
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"MaxFillPercent", c.MaxFillPercent, 100},
		{"MaxLists", c.MaxLists, 1 << 20},
		{"Readers", c.Readers, MaxReaders},
		{"BatchSize", c.BatchSize, MaxBatchSize},
		{"QueueLength", c.QueueLength, MaxQueueLength},
	} {
		if n.value < 1 || n.value > n.max {
			problems = append(problems, fmt.Errorf("%s is %d: use 1 to %d", n.name, n.value, n.max))
		}
	}
	return c, errors.Join(problems...)
}

func setDefault[T int | uint32](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
