package mail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// FolderConfig is what a [Folder] needs.
type FolderConfig struct {
	Path   string // an existing folder
	Sender Sender
	Now    func() time.Time
}

// Folder puts letters into a folder instead of sending them, one .eml file each,
// which mail programs open. It is safe for concurrent use.
type Folder struct{ cfg FolderConfig }

var _ notify.Carrier = (*Folder)(nil)

// NewFolder checks cfg and reports all that is wrong with it.
func NewFolder(cfg FolderConfig) (*Folder, error) {
	problems := cfg.Sender.check()
	if info, err := os.Stat(cfg.Path); err != nil || !info.IsDir() {
		problems = append(problems, fmt.Errorf("mail: Path: there is no folder %q", cfg.Path))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	cfg.Now = clock(cfg.Now)
	return &Folder{cfg}, nil
}

// Carry implements [notify.Carrier]. A message that comes again replaces its file.
func (f *Folder) Carry(_ context.Context, d notify.Delivery) (notify.Receipt, error) {
	m, err := f.cfg.Sender.compose(d, f.cfg.Now())
	if err != nil {
		return notify.Receipt{}, err
	}
	// The time sorts; the id tells two of one second apart, and is no path.
	name := d.Message.Created.UTC().Format("20060102T150405Z") + "-" + string(d.Message.Kind) + "-" + stable(d.Message.ID)[:12] + ".eml"
	if err := f.write(name, m); err != nil {
		return notify.Receipt{}, fmt.Errorf("mail: %w", err)
	}
	return notify.Receipt{Note: "put into the folder as " + name}, nil
}

// write makes the file appear whole or not at all.
func (f *Folder) write(name string, m *gomail.Msg) error {
	file, err := os.CreateTemp(f.cfg.Path, ".letter-*")
	if err != nil {
		return err
	}
	_, err = m.WriteTo(file)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return err
	}
	return os.Rename(file.Name(), filepath.Join(f.cfg.Path, name))
}
