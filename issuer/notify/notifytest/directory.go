package notifytest

import (
	"context"
	"sync"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Directory is a [notify.Directory] of people that a test sets. It is safe for
// concurrent use.
type Directory struct {
	mu     sync.Mutex
	people map[string]notify.Person
	names  map[string]string
	down   error
}

var _ notify.Directory = (*Directory)(nil)

// Set adds or replaces people.
func (d *Directory) Set(people ...notify.Person) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.people == nil {
		d.people = make(map[string]notify.Person)
	}
	for _, p := range people {
		d.people[p.ID] = p
	}
}

// Call gives the thing with this id, a course or a device, a name.
func (d *Directory) Call(id, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names == nil {
		d.names = make(map[string]string)
	}
	d.names[id] = name
}

// Erase forgets a person.
func (d *Directory) Erase(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.people, id)
}

// Break has the directory fail with err; nil mends it.
func (d *Directory) Break(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = err
}

// Person implements [notify.Directory].
func (d *Directory) Person(_ context.Context, id string) (notify.Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down != nil {
		return notify.Person{}, d.down
	}
	p, ok := d.people[id]
	if !ok {
		return notify.Person{}, notify.ErrUnknown
	}
	return p, nil
}

// Subject implements [notify.Directory].
func (d *Directory) Subject(_ context.Context, r notify.Reason) (string, error) {
	return d.name(r.Subject)
}

// Device implements [notify.Directory].
func (d *Directory) Device(_ context.Context, device notify.Device) (string, error) {
	return d.name(device.ID)
}

func (d *Directory) name(id string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[id], d.down
}
