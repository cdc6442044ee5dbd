package source

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Page says what one answer held and where the next one is.
type Page struct {
	Records int // elements in it
	Fresh   int // those of them that no earlier answer to this query held
	// Next is the address of the next answer, as the source wrote it; empty behind
	// the last.
	Next string
	// Resume is where to ask later for what has changed since, if the source says.
	Resume string
}

// Repeats reports whether an answer that claims to have a successor held nothing
// new: the source goes round in circles.
func (p Page) Repeats() bool { return p.Next != "" && p.Records > 0 && p.Fresh == 0 }

// pages reads one answer after the other as if they were one file.
type pages struct {
	name   string // of what is read, for errors
	member string // the array
	format string // what an answer should be, for messages
	next   string // the member with the address of the next answer
	resume string // the member with the address for later; may be empty
	each   func(record)

	paged   bool          // several answers: lines mean nothing
	records int           // read so far
	seen    map[Hash]bool // elements of the answers to one query
}

// Query begins another query, whose answers may hold what those of another did.
func (p *pages) Query() { p.seen = map[Hash]bool{} }

// Read reads one answer. After an error, nothing of what was read is to be used.
func (p *pages) Read(r io.Reader) (Page, error) {
	if p.seen == nil {
		p.Query()
	}
	var page Page
	c := collection{member: p.member, format: p.format, each: func(from record) {
		page.Records++
		if sum := Hash(sha256.Sum256(from.raw)); !p.seen[sum] {
			page.Fresh++
			p.seen[sum] = true
		}
		p.pass(from)
	}}
	err := c.read(r)
	if err == nil && !c.found {
		err = c.missing()
	}
	if err == nil && p.records > MaxRecords {
		err = fmt.Errorf("there are more than %d records", MaxRecords)
	}
	if err == nil {
		page.Next, err = c.address(p.next)
	}
	if err == nil && p.resume != "" {
		page.Resume, err = c.address(p.resume)
	}
	if err != nil {
		return Page{}, fmt.Errorf("source: %s: %w", p.name, err)
	}
	return page, nil
}

// pass counts records through all answers.
func (p *pages) pass(from record) {
	p.records++
	from.position = p.records
	if p.paged {
		from.line = 0
	}
	p.each(from)
}

// address reads a member that is an address, or is not there.
func (c *collection) address(name string) (string, error) {
	if !c.has(name) {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(c.rest[name], &text); err != nil {
		return "", errors.New("the member \"" + name + "\" is not a text: send an address")
	}
	return text, nil
}
