package scim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// resource is what an endpoint is about. It marshals as JSON with all that counts
// for its version.
type resource interface {
	identity() string
	times() (created, modified time.Time) // zero when unknown
	attributes() object                   // all but id, schemas and meta
}

// collection keeps the resources of one kind.
type collection[R resource] interface {
	byID(ctx context.Context, id string) (R, error) // or ErrNotFound
	// lookUp returns those that have a core attribute with that value, if it can be
	// looked up.
	lookUp(ctx context.Context, attribute, value string) (found []R, possible bool, err error)
	each(ctx context.Context, visit func(R) error) error
	create(ctx context.Context, from *editor) (R, error)
	update(ctx context.Context, before R, to *editor, put bool) (R, error)
	remove(ctx context.Context, gone R) error
}

// endpoint answers for one kind of resource (RFC 7644, section 3.2).
type endpoint[R resource] struct {
	service *Service
	kind    *resourceType
	all     collection[R]
	writing chan struct{} // one for who changes something
}

func (e endpoint[R]) routes() []Route {
	one := e.kind.endpoint + "/{id}"
	return []Route{
		{"GET", e.kind.endpoint, e.list},
		{"POST", e.kind.endpoint, e.create},
		{"GET", one, e.get},
		{"PUT", one, e.put},
		{"PATCH", one, e.patch},
		{"DELETE", one, e.remove},
	}
}

func (e endpoint[R]) get(w http.ResponseWriter, r *http.Request) error {
	choice, err := readChoice(e.kind, r)
	if err != nil {
		return err
	}
	found, err := e.all.byID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if tags := r.Header.Values("If-None-Match"); len(tags) > 0 && names(tags, version(found)) {
		w.Header().Set("ETag", version(found))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return e.answer(w, http.StatusOK, found, choice)
}

func (e endpoint[R]) create(w http.ResponseWriter, r *http.Request) error {
	choice, err := readChoice(e.kind, r)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	from, err := read(e.kind, body)
	if err != nil {
		return err
	}
	var made R
	err = e.change(r.Context(), func() (err error) {
		made, err = e.all.create(r.Context(), from)
		return err
	})
	if err != nil {
		return err
	}
	e.tell(r.Context(), from)
	w.Header().Set("Location", e.location(made))
	return e.answer(w, http.StatusCreated, made, choice)
}

func (e endpoint[R]) put(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	to, err := read(e.kind, body)
	if err != nil {
		return err
	}
	return e.update(w, r, func(R) (*editor, error) { return to, nil }, true)
}

func (e endpoint[R]) patch(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	operations, err := readOperations(body)
	if err != nil {
		return err
	}
	return e.update(w, r, func(before R) (*editor, error) {
		return patch(e.kind, e.document(before), operations)
	}, false)
}

// update changes a resource to what edit makes of it.
func (e endpoint[R]) update(w http.ResponseWriter, r *http.Request, edit func(R) (*editor, error), put bool) error {
	choice, err := readChoice(e.kind, r)
	if err != nil {
		return err
	}
	var after R
	err = e.change(r.Context(), func() error {
		before, err := e.expected(r)
		if err != nil {
			return err
		}
		to, err := edit(before)
		if err != nil {
			return err
		}
		e.tell(r.Context(), to)
		after, err = e.all.update(r.Context(), before, to, put)
		return err
	})
	if err != nil {
		return err
	}
	return e.answer(w, http.StatusOK, after, choice)
}

func (e endpoint[R]) remove(w http.ResponseWriter, r *http.Request) error {
	err := e.change(r.Context(), func() error {
		gone, err := e.expected(r)
		if err != nil {
			return err
		}
		return e.all.remove(r.Context(), gone)
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// change runs what reads something and then changes it, one at a time.
func (e endpoint[R]) change(ctx context.Context, what func() error) error {
	select {
	case e.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.writing }()
	return what()
}

// expected returns the resource that a request is about, if it is as the request
// says (RFC 7644, section 3.14).
func (e endpoint[R]) expected(r *http.Request) (R, error) {
	found, err := e.all.byID(r.Context(), r.PathValue("id"))
	if err != nil {
		return found, err
	}
	if tags := r.Header.Values("If-Match"); len(tags) > 0 && !names(tags, version(found)) {
		return found, &Error{Status: http.StatusPreconditionFailed,
			Detail: "The resource has changed. Read it again, and repeat the change with its new version."}
	}
	return found, nil
}

// names reports whether a list of entity tags has a version. Tags are compared
// weakly: ours are weak, and intermediaries make others so.
func names(headers []string, version string) bool {
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(version, "W/") {
			return true
		}
	}
	return false
}

// version is a resource's entity tag.
func version(of resource) string {
	content, _ := json.Marshal(of) // of texts, truths and times, which always marshal
	sum := sha256.Sum256(content)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

func (e endpoint[R]) location(of R) string {
	return e.service.config.URL + e.kind.endpoint + "/" + url.PathEscape(of.identity())
}

// document is a resource as it is answered, less its version.
func (e endpoint[R]) document(of R) object {
	o := of.attributes()
	schemas := []any{e.kind.core.ID}
	for _, x := range e.kind.extensions {
		if o[x.ID] != nil {
			schemas = append(schemas, x.ID)
		}
	}
	meta := object{"resourceType": e.kind.name, "location": e.location(of)}
	created, modified := of.times()
	for name, at := range map[string]time.Time{"created": created, "lastModified": modified} {
		if !at.IsZero() {
			meta[name] = at.Format(time.RFC3339Nano)
		}
	}
	o["schemas"], o["id"], o["meta"] = schemas, of.identity(), meta
	return o
}

// shown is a resource as it is answered.
func (e endpoint[R]) shown(of R, chosen choice) object {
	o := e.document(of)
	o["meta"].(object)["version"] = version(of)
	return chosen.apply(o)
}

func (e endpoint[R]) answer(w http.ResponseWriter, status int, of R, chosen choice) error {
	w.Header().Set("ETag", version(of))
	return send(w, status, e.shown(of, chosen))
}

// tell logs what was sent and is not kept: names alone, for values may be anything.
func (e endpoint[R]) tell(ctx context.Context, from *editor) {
	if len(from.ignored) > 0 {
		const most = 20
		e.service.config.Logger.DebugContext(ctx, "attributes not kept", "resource", e.kind.name,
			"attributes", from.ignored[:min(len(from.ignored), most)], "count", len(from.ignored))
	}
}

func send(w http.ResponseWriter, status int, content any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(content); err != nil {
		return err
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A failed write has nobody left to be told.
	_, _ = w.Write(b.Bytes())
	return nil
}
