package scim

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"
)

// Bounds of a list. Whoever asks for more than MaxCount gets MaxCount (RFC 7644,
// section 3.4.2.4).
const (
	DefaultCount = 100
	MaxCount     = 200
)

// listResponse is RFC 7644, section 3.4.2. Resources is there even when it is
// empty, because Entra insists.
type listResponse struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	StartIndex   int      `json:"startIndex"`
	ItemsPerPage int      `json:"itemsPerPage"`
	Resources    []any    `json:"Resources"`
}

// query is what a list is asked for. Parameters that are not known here are passed
// over: Entra's own switches may be among them.
type query struct {
	filter expression // nil for everything
	start  int        // from 1
	count  int
	choice choice
}

func readQuery(kind *resourceType, r *http.Request) (q query, err error) {
	values, err := parameters(r)
	if err != nil {
		return q, err
	}
	if text := values.Get("filter"); text != "" {
		if q.filter, err = parseFilter(kind, text); err != nil {
			return q, err
		}
	}
	if q.start, err = number(values, "startIndex", 1); err != nil {
		return q, err
	}
	if q.count, err = number(values, "count", DefaultCount); err != nil {
		return q, err
	}
	q.start, q.count = max(q.start, 1), min(max(q.count, 0), MaxCount)
	q.choice, err = readChoice(kind, r)
	return q, err
}

func parameters(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, Refuse(InvalidValue, "The query can't be read. Percent-encode what is special in it.")
	}
	for _, name := range []string{"filter", "startIndex", "count", "attributes", "excludedAttributes"} {
		if len(values[name]) > 1 {
			return nil, repeated(name)
		}
	}
	return values, nil
}

func number(values url.Values, name string, otherwise int) (int, error) {
	text := values.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, Refuse(InvalidValue, "%s is no whole number.", name)
	}
	return int(min(max(n, math.MinInt32), math.MaxInt32)), nil
}

func (e endpoint[R]) list(w http.ResponseWriter, r *http.Request) error {
	q, err := readQuery(e.kind, r)
	if err != nil {
		return err
	}
	answer := listResponse{Schemas: []string{listMessage}, StartIndex: q.start, Resources: []any{}}
	err = e.find(r.Context(), q.filter, func(found R) error {
		answer.TotalResults++
		if answer.TotalResults >= q.start && len(answer.Resources) < q.count {
			answer.Resources = append(answer.Resources, e.shown(found, q.choice))
		}
		return nil
	})
	if err != nil {
		return err
	}
	answer.ItemsPerPage = len(answer.Resources)
	return send(w, http.StatusOK, answer)
}

// find visits what a filter matches. It looks through everything only if no part
// of the filter can be looked up.
func (e endpoint[R]) find(ctx context.Context, filter expression, visit func(R) error) error {
	if filter == nil {
		return e.walk(ctx, visit)
	}
	visitMatching := func(found R) error {
		if !filter.matches(e.document(found)) {
			return nil
		}
		return visit(found)
	}
	for _, c := range equalities(filter) {
		at := c.at
		if at.unknown || at.extension != nil || at.sub != nil || at.filter != nil || at.attribute == nil {
			continue
		}
		found, possible, err := e.all.lookUp(ctx, at.attribute.Name, c.operand.(string))
		if err != nil {
			return err
		}
		if !possible {
			continue
		}
		for _, one := range found {
			if err := visitMatching(one); err != nil {
				return err
			}
		}
		return nil
	}
	return e.walk(ctx, visitMatching)
}

// walk visits everything. Whoever comes when enough others are at it is sent away:
// queueing would only let callers pile up.
func (e endpoint[R]) walk(ctx context.Context, visit func(R) error) error {
	select {
	case e.service.walks <- struct{}{}:
	default:
		return &Error{Status: http.StatusServiceUnavailable, Detail: "Too many lists are asked for at once. Try again in a moment."}
	}
	defer func() { <-e.service.walks }()
	return e.all.each(ctx, visit)
}
