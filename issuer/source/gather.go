package source

import (
	"crypto/sha256"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// gathering collects the records of one file, each id once.
type gathering[T any] struct {
	result Result[T]
	places map[string]int // id -> place in entries
	// entries holds what has been accepted so far, in the order in which each id
	// came first.
	entries []entry[T]
	same    func(a, b T) bool // whether two records under one id say the same
}

type entry[T any] struct {
	from  record
	id    string
	value T
	hash  Hash
	gone  bool
}

func newGathering[T any](same func(a, b T) bool) *gathering[T] {
	return &gathering[T]{places: map[string]int{}, same: same}
}

// note adds what a record's fields have complained about. It reports whether the
// record may go in.
func (g *gathering[T]) note(from record, id string, f *fields) bool {
	for _, message := range f.refusals {
		g.problem(from, id, true, message)
	}
	if len(f.refusals) > 0 {
		return false
	}
	for _, message := range f.notices {
		g.problem(from, id, false, message)
	}
	return true
}

func (g *gathering[T]) problem(from record, id string, refused bool, message string) {
	g.result.Problems = append(g.result.Problems, Problem{from.position, from.line, clip(id, MaxTextLength), refused, message})
}

// file adds a notice about the file as a whole.
func (g *gathering[T]) file(message string) {
	g.result.Problems = append(g.result.Problems, Problem{Message: message})
}

// add takes a record in, or replaces what came earlier under its id.
func (g *gathering[T]) add(from record, id string, value T) {
	taken := entry[T]{from: from, id: id, value: value, hash: sha256.Sum256(from.raw)}
	taken.from.raw = nil // it may be a large file's
	place, known := g.places[id]
	if !known {
		g.places[id] = len(g.entries)
		g.entries = append(g.entries, taken)
		return
	}
	earlier := &g.entries[place]
	if earlier.gone {
		*earlier = taken
		return
	}
	g.result.Repeated++
	if g.same(earlier.value, value) {
		return
	}
	g.problem(from, id, false, "the same id came earlier with other content: this one counts; send each record once")
	*earlier = taken
}

// remove takes out what came under an id, if anything did.
func (g *gathering[T]) remove(id string) {
	if place, known := g.places[id]; known {
		g.entries[place].gone = true
	}
}

// finish returns the result. removed lists the ids that the source has
// withdrawn, in order; one that came back later is not among them any more.
func (g *gathering[T]) finish(source string, removed []string) Result[T] {
	for _, e := range g.entries {
		if !e.gone {
			g.result.Records = append(g.result.Records, e.value)
			g.result.Hashes = append(g.result.Hashes, e.hash)
		}
	}
	named := map[string]bool{}
	for _, id := range removed {
		place, known := g.places[id]
		back := known && !g.entries[place].gone
		if back || named[id] {
			continue
		}
		named[id] = true
		g.result.Removed = append(g.result.Removed, evidence.Origin{Source: source, ID: id})
	}
	sortProblems(g.result.Problems)
	return g.result
}
