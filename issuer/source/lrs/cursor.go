package lrs

import (
	"encoding/json"
	"time"
)

// verbs are those that say how an attempt ended, and the one that takes a
// statement back, last: what it names came before it.
func verbs() []string {
	const prefix = "http://adlnet.gov/expapi/verbs/"
	return []string{prefix + "passed", prefix + "completed", prefix + "failed", prefix + "voided"}
}

// place is how far the statements of one verb were read.
type place struct {
	Stored time.Time `json:"stored,omitzero"` // of the last one seen
	More   string    `json:"more,omitempty"`  // the page that comes next, while there are more
}

// cursor is how far a store was read, by verb.
type cursor map[string]place

// readCursor begins at the start for whatever is no cursor: what was read before
// comes again, and nothing is lost.
func readCursor(text string) cursor {
	c := cursor{}
	if json.Unmarshal([]byte(text), &c) != nil {
		return cursor{}
	}
	return c
}

func (c cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		return "" // a map of texts and times always marshals
	}
	return string(text)
}
