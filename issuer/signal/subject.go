package signal

import (
	"context"

	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Formats of subjects by which we know people (RFC 9493; SSF, section 3.3).
const (
	formatIssuer  = string(store.SignalIssuerSubject)
	formatOpaque  = string(store.SignalOpaque)
	formatComplex = "complex"
)

// maxSubject is how long a subject of ours could be, in bytes.
const maxSubject = 128

// subjectMembers are what the formats must have.
var subjectMembers = map[string][]string{
	formatIssuer: {"iss", "sub"}, formatOpaque: {"id"}, "email": {"email"}, "phone_number": {"phone_number"},
	"did": {"url"}, "uri": {"uri"}, "account": {"uri"}, "jwt_id": {"iss", "jti"}, "saml_assertion_id": {"issuer", "assertion_id"},
}

// AddSubject has a receiver's stream tell of somebody (SSF, section 8.1.3.2). That it
// succeeds says nothing about whether there is such a person, and takes as long.
func (d *Desk) AddSubject(ctx context.Context, receiver string, body []byte) error {
	return d.setSubject(ctx, receiver, body, true)
}

// RemoveSubject has a receiver's stream not tell of somebody any more (SSF, section
// 8.1.3.3).
func (d *Desk) RemoveSubject(ctx context.Context, receiver string, body []byte) error {
	return d.setSubject(ctx, receiver, body, false)
}

func (d *Desk) setSubject(ctx context.Context, receiver string, body []byte, told bool) error {
	call, err := readCall(body)
	if err != nil {
		return err
	}
	_, s, err := d.named(ctx, receiver, call)
	if err != nil {
		return err
	}
	value, present := call.value.Member("subject")
	if !present {
		return invalid("subject is missing")
	}
	if _, err := call.flag("verified"); err != nil {
		return err
	}
	subject, err := d.person(value)
	if err != nil || subject == "" || len(subject) > maxSubject {
		// Nobody of ours. Saying so would tell who is.
		return err
	}
	return d.cfg.Store.SetSignalSubject(ctx, s.ID, subject, told)
}

// person is the sub by which a subject names somebody of ours; empty for everybody
// else.
func (d *Desk) person(v strictjson.Value) (string, error) {
	format, _ := v.Member("format")
	if v.Kind != strictjson.Object || format.Kind != strictjson.String || format.Text == "" {
		return "", invalid("subject is not an object with a format")
	}
	for _, name := range subjectMembers[format.Text] {
		if m, _ := v.Member(name); m.Kind != strictjson.String || m.Text == "" {
			return "", invalid("a subject of the format %s has a text %s", format.Text, name)
		}
	}
	text := func(name string) string {
		m, _ := v.Member(name)
		return m.Text
	}
	switch format.Text {
	case formatIssuer:
		if text("iss") == d.cfg.Issuer {
			return text("sub"), nil
		}
	case formatOpaque:
		return text("id"), nil
	case formatComplex:
		return d.user(v)
	}
	return "", nil
}

// user is whom a complex subject names. Its other members restrict what we do not say
// anything about, and so match (SSF, section 8.1.3.1).
func (d *Desk) user(v strictjson.Value) (string, error) {
	user, present := v.Member("user")
	if !present {
		return "", nil
	}
	if format, _ := user.Member("format"); format.Text == formatComplex {
		return "", invalid("the user of a complex subject is a simple one")
	}
	return d.person(user)
}
