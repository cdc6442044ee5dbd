package server

import (
	"bufio"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
)

// standing is one person's. Access and Reasons are never null.
type standing struct {
	ID         string    `json:"id"`
	ExternalID string    `json:"externalId"` // as SCIM spells it
	Eligible   bool      `json:"eligible"`
	Access     []string  `json:"access"`
	Reasons    []string  `json:"reasons"`
	ChangesAt  time.Time `json:"changes_at,omitzero"` // when it will be another without new evidence
}

func newStanding(from issuer.Standing) standing {
	access := make([]string, len(from.Access))
	for i, a := range from.Access {
		access[i] = string(a)
	}
	return standing{
		ID:         from.Person.ID,
		ExternalID: from.Person.ExternalID,
		Eligible:   from.Eligible,
		Access:     access,
		Reasons:    reasonTexts(from.Reasons),
		ChangesAt:  utc(from.ChangesAt),
	}
}

func reasonTexts(reasons []policy.Reason) []string {
	texts := make([]string, len(reasons))
	for i, reason := range reasons {
		texts[i] = reason.String()
	}
	return texts
}

// utc leaves the zero time as it is.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func (s *Server) standingOf(w http.ResponseWriter, r *http.Request) error {
	at, err := instant(r)
	if err != nil {
		return err
	}
	found, err := s.config.Program.Standing(r.Context(), r.PathValue("ref"), at)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, newStanding(found))
}

// standings streams everybody's, in the order of their external ids.
func (s *Server) standings(w http.ResponseWriter, r *http.Request) error {
	at, err := instant(r)
	if err != nil {
		return err
	}
	if !take(s.walks) {
		return refuse(http.StatusServiceUnavailable, CodeOverloaded, "Too many callers read everybody's standing. Try again in a moment.")
	}
	defer func() { <-s.walks }()
	out := newArray(w)
	err = s.config.Program.Standings(r.Context(), at, func(one issuer.Standing) error { return out.add(newStanding(one)) })
	if err == nil {
		err = out.end()
	}
	if err != nil && out.begun {
		// Half of it is on its way: only breaking off says that it is half.
		panic(http.ErrAbortHandler)
	}
	return err
}

// streamBuffer is how much is gathered before it is sent, in bytes.
const streamBuffer = 32 << 10

// array writes a JSON array, an element on each line. Nothing is sent before
// the buffer is full or the array ends, so that early errors can be told.
type array struct {
	to       http.ResponseWriter
	buffer   *bufio.Writer
	elements int
	begun    bool // something was sent
}

func newArray(w http.ResponseWriter) *array {
	a := &array{to: w}
	a.buffer = bufio.NewWriterSize(sender{a}, streamBuffer)
	return a
}

// sender is where the buffer goes.
type sender struct{ *array }

// Write implements io.Writer.
func (s sender) Write(text []byte) (int, error) {
	if !s.begun {
		s.begun = true
		s.to.Header().Set("Content-Type", "application/json")
	}
	return s.to.Write(text)
}

func (a *array) add(element any) error {
	text, err := marshal(element)
	if err != nil {
		return err
	}
	before := ","
	if a.elements == 0 {
		before = "[\n"
	}
	a.elements++
	_, _ = a.buffer.WriteString(before)
	_, err = a.buffer.Write(text) // it ends in a line break; the buffer keeps the first error
	return err
}

func (a *array) end() error {
	last := "]\n"
	if a.elements == 0 {
		last = "[]\n"
	}
	_, _ = a.buffer.WriteString(last)
	return a.buffer.Flush()
}
