package signal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// verdict is what one delivery came to: taken, refused for its content, or in trouble,
// which is the stream's and not the SET's.
type verdict struct {
	taken, refused bool
	note           string
	after          time.Duration // the receiver asks to be left alone for so long
}

// push delivers one SET (RFC 8935, section 2).
func (d *Desk) push(ctx context.Context, s store.SignalStream, r store.SignalReceiver, q store.QueuedSignal) verdict {
	token, err := d.token(s, r, q)
	if err != nil {
		return verdict{note: err.Error()}
	}
	header := http.Header{"Content-Type": {"application/" + mediaType}, "Accept": {"application/json"}}
	authorization, err := d.sealer.open(s.ID, s.Authorization)
	if err != nil {
		return verdict{note: err.Error()}
	}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	response, err := d.cfg.Client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: s.Endpoint, Header: header, Body: []byte(token)})
	if err != nil {
		return verdict{note: unanswered(err)}
	}
	return judge(response, d.cfg.Now())
}

// judge says what an answer means. RFC 8935 knows 202 alone for a yes; some receivers
// say 200 or 204. With a body that is not taken for one: it is what any page answers.
func judge(response outbound.Response, now time.Time) verdict {
	switch response.Status {
	case http.StatusAccepted:
		return verdict{taken: true}
	case http.StatusOK, http.StatusNoContent:
		if len(response.Body) == 0 {
			return verdict{taken: true}
		}
	case http.StatusBadRequest:
		return refusal(response)
	}
	after, _ := response.RetryAfter(now)
	return verdict{note: fmt.Sprintf("the receiver answered %d", response.Status), after: after}
}

// refusal is an answer of 400, with an error (RFC 8935, section 2.3).
func refusal(response outbound.Response) verdict {
	v, err := strictjson.Parse(response.Body)
	if err != nil {
		return verdict{refused: true, note: "the receiver answered 400"}
	}
	word, _ := v.Member("err")
	if word.Text == "authentication_failed" || word.Text == "access_denied" {
		return verdict{note: problemOf(v)}
	}
	return verdict{refused: true, note: problemOf(v)}
}

// problemOf is what a receiver says is wrong, fit for a terminal.
func problemOf(v strictjson.Value) string {
	word, _ := v.Member("err")
	description, _ := v.Member("description")
	text := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.Trim(word.Text+": "+description.Text, ": "))
	if len(text) > store.MaxSignalNote {
		text = strings.ToValidUTF8(text[:store.MaxSignalNote], "")
	}
	return text
}

// unanswered says why there was no answer, without the URL.
func unanswered(err error) string {
	var known *outbound.Error
	if errors.As(err, &known) && known.Detail != "" {
		return fmt.Sprintf("the receiver could not be called: %s: %s", known.Code, known.Detail)
	}
	return fmt.Sprintf("the receiver could not be called: %s", outbound.CodeOf(err))
}
