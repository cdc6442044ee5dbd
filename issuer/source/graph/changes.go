package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
)

// Changes implements [source.Feed].
func (g *Intune) Changes(ctx context.Context, cursor string) (source.Changes, error) {
	changes, err := g.changes(ctx, cursor)
	if err != nil {
		return source.Changes{}, fmt.Errorf("graph: %w", err)
	}
	return changes, nil
}

// errTooSparse is a delta that leaves out too much.
var errTooSparse = errors.New("too many devices came with a part of their members only")

func (g *Intune) changes(ctx context.Context, cursor string) (source.Changes, error) {
	if !g.cfg.Delta {
		return g.listing(ctx, g.address(""))
	}
	if cursor != "" {
		changes, err := g.delta(ctx, cursor)
		if !forgotten(err) {
			return changes, err
		}
	}
	return g.listing(ctx, g.address("/delta"))
}

// forgotten reports whether the reading has to begin anew.
func forgotten(err error) bool {
	var refused *call.StatusError
	switch {
	case errors.Is(err, errTooSparse):
		return true
	case !errors.As(err, &refused):
		return false
	case refused.Status == http.StatusGone, refused.Status == http.StatusNotFound:
		return true
	}
	var body struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(refused.Body, &body) // without a code it is an error like others
	switch body.Error.Code {
	case "syncStateNotFound", "syncStateInvalid", "resyncRequired":
		return true
	}
	return false
}

// listing reads everything.
func (g *Intune) listing(ctx context.Context, address string) (source.Changes, error) {
	pages, err := source.NewDevicePages(source.Config{Source: g.cfg.Name})
	if err != nil {
		return source.Changes{}, err
	}
	resume, err := g.walk(ctx, pages, address)
	if err != nil {
		return source.Changes{}, err
	}
	next, err := g.cursor(resume)
	if err != nil {
		return source.Changes{}, err
	}
	return g.finish(ctx, pages, source.Changes{Next: next, Full: true})
}

// delta reads what has changed since.
func (g *Intune) delta(ctx context.Context, address string) (source.Changes, error) {
	pages, err := source.NewDevicePages(source.Config{Source: g.cfg.Name})
	if err != nil {
		return source.Changes{}, err
	}
	pages.HoldBackSparse()
	resume, err := g.walk(ctx, pages, address)
	if err != nil {
		return source.Changes{}, err
	}
	if resume == "" {
		return source.Changes{}, errors.New("the delta ends without a link for the next one; nothing was taken in")
	}
	if len(pages.Sparse()) > MaxReread {
		return source.Changes{}, errTooSparse
	}
	if err := g.readEach(ctx, pages, pages.Sparse()); err != nil {
		return source.Changes{}, err
	}
	next, err := g.cursor(resume)
	if err != nil {
		return source.Changes{}, err
	}
	return g.finish(ctx, pages, source.Changes{Next: next})
}

// walk reads one page after the other and returns the link for the next delta.
func (g *Intune) walk(ctx context.Context, pages *source.DevicePages, address string) (string, error) {
	visited := map[string]bool{}
	for range MaxPages {
		var err error
		if address, err = g.caller.Follow(address); err != nil {
			return "", err
		}
		if visited[address] {
			return "", source.ErrRepeats
		}
		visited[address] = true
		page, err := g.page(ctx, pages, address)
		if err != nil {
			return "", err
		}
		if page.Next == "" {
			return page.Resume, nil
		}
		address = page.Next
	}
	return "", source.ErrTooLong
}

// cursor makes a cursor of the link for the next delta. One that is too long to be
// called later is none, so that everything is listed again.
func (g *Intune) cursor(resume string) (string, error) {
	if resume == "" || len(resume) > outbound.MaxURLLength {
		return "", nil
	}
	return g.caller.Follow(resume)
}

func (g *Intune) page(ctx context.Context, pages *source.DevicePages, address string) (source.Page, error) {
	response, err := g.caller.Get(ctx, address)
	if err != nil {
		return source.Page{}, err
	}
	page, err := pages.Read(bytes.NewReader(response.Body))
	if err == nil && page.Repeats() {
		err = source.ErrRepeats
	}
	return page, err
}

// Reread implements [source.Rereader].
func (g *Intune) Reread(ctx context.Context, ids []string) (source.Changes, error) {
	pages, err := source.NewDevicePages(source.Config{Source: g.cfg.Name})
	if err == nil {
		err = g.readEach(ctx, pages, ids)
	}
	var changes source.Changes
	if err == nil {
		changes, err = g.finish(ctx, pages, changes)
	}
	if err != nil {
		return source.Changes{}, fmt.Errorf("graph: %w", err)
	}
	return changes, nil
}

func (g *Intune) readEach(ctx context.Context, pages *source.DevicePages, ids []string) error {
	for _, id := range ids {
		response, err := g.caller.Get(ctx, g.address("/"+url.PathEscape(id)))
		if call.Status(err) == http.StatusNotFound {
			pages.Gone(id)
			continue
		}
		if err != nil {
			return err
		}
		if err := pages.ReadOne(response.Body); err != nil {
			return err
		}
	}
	return nil
}

// finish finds whose the devices are.
func (g *Intune) finish(ctx context.Context, pages *source.DevicePages, changes source.Changes) (source.Changes, error) {
	changes.Devices = pages.Result()
	if g.cfg.Directory == nil {
		return changes, nil
	}
	for n := range changes.Devices.Records {
		device := &changes.Devices.Records[n]
		person, err := owner(ctx, g.cfg.Directory, pages.Names(device.Origin.ID))
		if err != nil {
			return source.Changes{}, fmt.Errorf("whose the devices are could not be found: %w", err)
		}
		if person != "" {
			device.PersonID = person
		}
	}
	return changes, nil
}

// owner is the first person whom one of the names leads to.
func owner(ctx context.Context, directory source.Directory, names []string) (string, error) {
	for _, name := range names {
		person, err := directory.PersonID(ctx, name)
		if err != nil || person != "" {
			return person, err
		}
	}
	return "", nil
}
