package lockout

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Locker locks and unlocks the devices of one source. It is safe for concurrent
// use. Errors are as [notify.Carrier] has them.
type Locker interface {
	// Lock locks a device. It may be called again for one that is locked.
	Lock(ctx context.Context, o Order) (Receipt, error)

	// Unlock undoes Lock. It may be called for a device that is not locked.
	Unlock(ctx context.Context, o Order) (Receipt, error)

	// Plan says in words what Lock or Unlock would do, without calling anybody.
	Plan(kind notify.Kind, o Order) []string
}

// Order is one device to lock or to unlock.
type Order struct {
	ID      string // of the message; the same when the order is repeated
	Person  string // whose standing it is about
	Device  notify.Device
	OS      string // as the program's evidence spells it; empty when it is not known
	Reasons []notify.Reason
}

// Receipt is what was done. It holds no PIN: that is for its own system to show.
type Receipt struct {
	Did    []string
	Manual string // what a person still has to do; empty when nothing
}

// note is the receipt as an outcome's note.
func (r Receipt) note() string {
	var parts []string
	if len(r.Did) > 0 {
		parts = append(parts, "done: "+strings.Join(r.Did, ", "))
	}
	if r.Manual != "" {
		parts = append(parts, "left to do: "+r.Manual)
	}
	return strings.Join(parts, "; ")
}

// Program answers what a lock-out depends on, as things are now. It is safe for
// concurrent use.
type Program interface {
	// LockDue reports whether the ladder wants this person's devices locked now. For
	// somebody who is not known it says no.
	LockDue(ctx context.Context, person string) (bool, error)

	// LockedHere reports whether the device is locked by the program: a lock was
	// delivered, and no unlock after it.
	LockedHere(ctx context.Context, d notify.Device) (bool, error)

	// Device returns the device's evidence, or notify.ErrUnknown.
	Device(ctx context.Context, d notify.Device) (evidence.Device, error)
}

// platform is what kind of system a device has, by whatever spelling.
type platform int

const (
	otherPlatform platform = iota
	windows
	mac
	mobile
)

func platformOf(os string) platform {
	switch os = strings.ToLower(os); {
	case strings.HasPrefix(os, "windows"):
		return windows
	case strings.HasPrefix(os, "mac"), os == "darwin":
		return mac
	case strings.HasPrefix(os, "ios"), strings.HasPrefix(os, "ipados"), strings.HasPrefix(os, "android"):
		return mobile
	}
	return otherPlatform
}

// clockOr returns the clock that was given, else the machine's.
func clockOr(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

var errID = errors.New("lockout: the id of the device or its user is not one that the device manager gives")

// plainID keeps an id from evidence from becoming another path of an API.
func plainID(id string) bool { return regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`).MatchString(id) }
