package server

import (
	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// call is the body of POST /v1/verify.
type call struct {
	presentation string
	access       string
	site         string
	nonce        string
	audience     string
	challenged   bool // nonce or audience is there, be it empty
}

// parseCall walks the result of the strict parser. Reading the body once more
// with encoding/json would cost three times as much as the first reading.
func parseCall(body []byte) (call, error) {
	var c call
	document, err := strictjson.Parse(body)
	if err != nil {
		return c, badRequest(string(code.Of(err)), "The body is not strict JSON (%v).", err)
	}
	if document.Kind != strictjson.Object {
		return c, badRequest(httpserver.CodeJSONInvalid, "Send one JSON object.")
	}
	for _, member := range document.Members {
		if err := c.set(member.Name, member.Value); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *call) set(name string, value strictjson.Value) error {
	var target *string
	switch name {
	case "presentation":
		target = &c.presentation
	case "access":
		target = &c.access
	case "site":
		target = &c.site
	case "nonce":
		target, c.challenged = &c.nonce, true
	case "audience":
		target, c.challenged = &c.audience, true
	default:
		return badRequest(httpserver.CodeJSONUnknownName, "This call has no member %q; leave it out or correct the spelling.", name)
	}
	if value.Kind != strictjson.String {
		return badRequest(httpserver.CodeJSONInvalid, "The member %s must be a string.", name)
	}
	*target = value.Text
	return nil
}

// request returns what the verifier is asked.
func (c *call) request() (verifier.Request, error) {
	request := verifier.Request{
		Access:   credential.Access(c.access),
		Site:     c.site,
		Nonce:    c.nonce,
		Audience: c.audience,
	}
	switch {
	case c.presentation == "":
		return request, badRequest(CodePresentationMissing, "Send what was scanned or received as the member presentation.")
	case !request.Access.Known():
		return request, badRequest(CodeAccessUnknown, "Send onsite or remote as the member access.")
	// An empty one taken for none would have a proof for any gate accepted in
	// place of the answer to a challenge.
	case c.challenged && (c.nonce == "" || c.audience == ""):
		return request, badRequest(CodeNonceUnpaired,
			"Send both the nonce and the audience that the holder was given, or, for a proof made for a gate, neither.")
	case len(c.site) > MaxSite:
		return request, tooLong("site", MaxSite)
	case len(c.nonce) > credential.MaxNonce:
		return request, tooLong("nonce", credential.MaxNonce)
	case len(c.audience) > MaxAudience:
		return request, tooLong("audience", MaxAudience)
	}
	return request, nil
}

func tooLong(member string, limit int) error {
	return badRequest(CodeValueTooLong, "The member %s may be at most %d bytes long.", member, limit)
}
