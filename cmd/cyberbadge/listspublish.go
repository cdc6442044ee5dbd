package main

import (
	"context"
	"errors"

	"github.com/cyberbadge/cyberbadge/issuer"
)

// listsSection is lists in issuer.yaml: files of status lists, for a web server or a
// CDN. Without a folder there are none.
type listsSection struct {
	ExportFolder string `yaml:"export_folder"`
	ExportGzip   bool   `yaml:"export_gzip"`
}

// publishing keeps the status lists signed and ready, and their files written, until
// stop is called: first the signing ends, then what was signed last is written. If it
// gives up by itself, gaveUp is called and stop says why.
func (f *issuerFolder) publishing(program *issuer.Program, gaveUp func()) (stop func() error, err error) {
	stopWriting := func() error { return nil }
	if path := f.file(f.whole.Lists.ExportFolder); path != "" {
		folder, err := issuer.OpenListFolder(path, program.URL(), f.whole.Lists.ExportGzip)
		if err != nil {
			return nil, misuseError{err}
		}
		stopWriting = beside(func(ctx context.Context) error { return program.KeepListFolder(ctx, folder) })
	}
	stopSigning := beside(func(ctx context.Context) error {
		err := program.PublishLists(ctx)
		if err != nil {
			gaveUp()
		}
		return err
	})
	return func() error { return errors.Join(stopSigning(), stopWriting()) }, nil
}
