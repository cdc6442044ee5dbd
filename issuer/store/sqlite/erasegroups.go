package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// erasedText stands in groups where a person was named.
const erasedText = "(erased)"

// eraseFromGroups takes a person out of the groups, and their names out of the text.
// A group is JSON of whoever keeps it: what is in it means nothing here.
func eraseFromGroups(t *tx, p evidence.Person) error {
	groups, err := queryAll(context.Background(), t, scanGroup, "SELECT id, body FROM groups")
	if err != nil {
		return err
	}
	traces := newGroupTraces(p)
	for _, g := range groups {
		body, found, err := traces.without(g.Body)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if _, err := t.Exec("UPDATE groups SET body = ? WHERE id = ?", string(body), g.ID); err != nil {
			return err
		}
	}
	return nil
}

// groupTraces is by what a person is found in groups.
type groupTraces struct {
	identifiers []string       // folded: by these they are a member
	names       *regexp.Regexp // in text, as whole words
	found       bool
}

func newGroupTraces(p evidence.Person) *groupTraces {
	var names []string
	for _, name := range []string{p.DisplayName, p.GivenName + " " + p.FamilyName, p.FamilyName + ", " + p.GivenName, p.UserName, p.Email} {
		if name = strings.Trim(name, ", "); name != "" {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	// Of names that begin alike the first that fits counts.
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	traces := &groupTraces{identifiers: store.Identifiers(p)}
	if len(names) > 0 {
		traces.names = regexp.MustCompile(`(?i)(^|[^\pL\pN])(?:` + strings.Join(names, "|") + `)($|[^\pL\pN])`)
	}
	return traces
}

// without returns a body without the person, and whether they were in it.
func (g *groupTraces) without(body json.RawMessage) (json.RawMessage, bool, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, false, err
	}
	g.found = false
	value = g.clean(value)
	if !g.found {
		return body, false, nil
	}
	text, err := json.Marshal(value)
	return text, true, err
}

func (g *groupTraces) clean(value any) any {
	switch v := value.(type) {
	case string:
		return g.cleanText(v)
	case []any:
		v = slices.DeleteFunc(v, g.isMember)
		for i := range v {
			v[i] = g.clean(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = g.clean(v[name])
		}
	}
	return value
}

// isMember reports whether an element of a list is the person: their identifier, or an
// object that has it.
func (g *groupTraces) isMember(element any) bool {
	switch e := element.(type) {
	case string:
		if slices.Contains(g.identifiers, store.Fold(e)) {
			g.found = true
			return true
		}
	case map[string]any:
		for _, value := range e {
			if text, ok := value.(string); ok && g.isMember(text) {
				return true
			}
		}
	}
	return false
}

func (g *groupTraces) cleanText(text string) string {
	if g.names == nil {
		return text
	}
	for range 2 { // the one space between two names is part of the first match
		if !g.names.MatchString(text) {
			break
		}
		g.found = true
		text = g.names.ReplaceAllString(text, "${1}"+erasedText+"${2}")
	}
	return text
}
