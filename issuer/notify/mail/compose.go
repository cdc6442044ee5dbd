package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// MaxLetter is how large a letter may be with both its parts, in bytes. The bound
// itself is allowed.
const MaxLetter = 128 << 10

// compose writes the letter for a delivery. Its errors are permanent: the same
// message gives the same letter.
func (s Sender) compose(d notify.Delivery, now time.Time) (*gomail.Msg, error) {
	l, err := s.Letters.Write(d, d.To.Language)
	if err != nil {
		return nil, notify.Permanent(err)
	}
	page, err := s.Letters.HTML(l)
	if err != nil {
		return nil, notify.Permanent(err)
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithBoundary("cyberbadge-"+stable(d.Message.ID)))
	if err := s.address(m, d.To); err != nil {
		return nil, notify.Permanent(err)
	}
	// What goes into a header is one line, whoever wrote it.
	if hasControl(l.Subject) || hasControl(d.To.Name) {
		return nil, notify.Permanent(errors.New("mail: a header would have a control character in it"))
	}
	m.Subject(l.Subject)
	m.SetMessageIDWithValue(stable(d.Message.ID) + "@" + s.domain())
	m.SetDateWithValue(now)
	m.SetBulk()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("Content-Language", l.Language)
	m.SetBodyString(gomail.TypeTextPlain, l.Text())
	m.AddAlternativeString(gomail.TypeTextHTML, page)
	return m, bounded(m)
}

func (s Sender) address(m *gomail.Msg, to notify.Party) error {
	if !bare(to.Email) || len(to.Email) > notify.MaxAddress {
		return errors.New("mail: the recipient has no mail address that can be written to")
	}
	// Not by text: go-mail puts a name between quotes without looking at the quotes
	// in it.
	m.FromMailAddress(&netmail.Address{Name: s.Name, Address: s.Address})
	m.AddToMailAddress(&netmail.Address{Name: to.Name, Address: to.Email})
	if s.ReplyTo != "" {
		m.ReplyToMailAddress(&netmail.Address{Address: s.ReplyTo})
	}
	return nil
}

func bounded(m *gomail.Msg) error {
	var size bytes.Buffer
	if _, err := m.WriteTo(&size); err != nil {
		return notify.Permanent(fmt.Errorf("mail: the letter can't be written: %w", err))
	}
	if size.Len() > MaxLetter {
		return notify.Permanent(fmt.Errorf("mail: the letter has %d bytes; it may have %d", size.Len(), MaxLetter))
	}
	return nil
}

// stable makes an id that can stand in a header out of a message's id.
func stable(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}
