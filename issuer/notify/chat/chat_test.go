package chat

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func writer(t *testing.T) *letter.Writer {
	t.Helper()
	w, err := letter.New(letter.Config{Program: "Badge program", Badge: "https://badges.vendor.example/badge/", Console: "https://badges.vendor.example/console/"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// room serves handler and returns what is needed to post to it.
func room(t *testing.T, handler http.HandlerFunc) Config {
	t.Helper()
	address, client := outboundtest.Serve(t, handler)
	return Config{URL: address + "/services/T0/B0/secret", Client: client, Letters: writer(t), Now: func() time.Time { return now }}
}

const attack = `<!channel> <https://evil.example|ok> *[x](https://evil.example)* <at>all</at> {{DATE(2017-02-14T06:08:39Z)}} & "`

func delivery() notify.Delivery {
	return notify.Delivery{
		Message: notify.Message{ID: "m-1", Kind: notify.Lapse},
		Body:    notify.Body{At: now, Reasons: []notify.Reason{{Kind: "device-unencrypted", Subject: "d-1"}}},
		To:      notify.Party{Role: notify.ToOffice, Email: "office@vendor.example"},
		About:   notify.Person{ID: "p-1", Name: attack, Email: "p@vendor.example"},
		Names:   []string{attack}, Instead: notify.NoManager,
	}
}

type posted struct {
	body        []byte
	contentType string
}

// take answers with a status and hands over what was posted.
func take(t *testing.T, status int, got *posted) Config {
	t.Helper()
	return room(t, func(w http.ResponseWriter, r *http.Request) {
		got.body, _ = io.ReadAll(r.Body)
		got.contentType = r.Header.Get("Content-Type")
		w.WriteHeader(status)
	})
}

// texts returns every "text" of a JSON document that is a string.
func texts(t *testing.T, body []byte) []string {
	t.Helper()
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if text, ok := v["text"].(string); ok {
				found = append(found, text)
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(document)
	return found
}

func TestTeamsGetsACard(t *testing.T) {
	t.Parallel()
	var got posted
	r, err := NewTeams(take(t, http.StatusAccepted, &got))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := r.Carry(t.Context(), delivery())
	if err != nil || receipt.Note != "Teams took it with 202" || got.contentType != "application/json" {
		t.Fatalf("%+v %v %s", receipt, err, got.contentType)
	}
	var message struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []struct{ Type string }
				Actions       []struct{ Type, URL string }
			}
		}
	}
	if err := json.Unmarshal(got.body, &message); err != nil || message.Type != "message" || len(message.Attachments) != 1 {
		t.Fatalf("%s: %v", got.body, err)
	}
	card := message.Attachments[0]
	if card.ContentType != "application/vnd.microsoft.card.adaptive" || card.Content.Type != "AdaptiveCard" || card.Content.Version != "1.4" ||
		len(card.Content.Actions) != 1 || card.Content.Actions[0].URL != "https://badges.vendor.example/console/" {
		t.Errorf("%+v", card)
	}
	for _, block := range card.Content.Body {
		if block.Type != "RichTextBlock" { // a TextBlock would read Markdown
			t.Errorf("a block is a %s", block.Type)
		}
	}
	all := strings.Join(texts(t, got.body), "\n")
	if strings.Contains(all, "{{") || !strings.Contains(all, `<!channel> <https://evil.example|ok>`) || !strings.Contains(all, "no manager is recorded") {
		t.Errorf("%s", all)
	}
}

func TestSlackGetsBlocks(t *testing.T) {
	t.Parallel()
	var got posted
	cfg := take(t, http.StatusOK, &got)
	cfg.Language = "de"
	r, err := NewSlack(cfg)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := r.Carry(t.Context(), delivery())
	if err != nil || receipt.Note != "Slack took it with 200" {
		t.Fatalf("%+v %v", receipt, err)
	}
	all := texts(t, got.body)
	for _, text := range all {
		if strings.ContainsAny(text, "<>") {
			t.Errorf("not escaped: %s", text)
		}
	}
	whole := strings.Join(all, "\n")
	if !strings.Contains(whole, "&lt;!channel&gt;") || !strings.Contains(whole, "ruht seit 23. November 2026") || strings.Contains(string(got.body), "mrkdwn") {
		t.Errorf("%s", whole)
	}
}

func TestNoAddressGoesIntoARoom(t *testing.T) {
	t.Parallel()
	for _, open := range []func(Config) (*Room, error){NewTeams, NewSlack} {
		var got posted
		r, err := open(take(t, http.StatusOK, &got))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Carry(t.Context(), delivery()); err != nil || strings.Contains(string(got.body), "@vendor.example") {
			t.Errorf("%v %s", err, got.body)
		}
	}
}

func TestSlackTextsKeepToTheirBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want int
	}{
		{strings.Repeat("x", maxHeader), maxHeader}, {strings.Repeat("x", maxHeader+1), maxHeader},
		{strings.Repeat("é", maxHeader), maxHeader}, {strings.Repeat("&", 30), maxHeader}, {strings.Repeat("&", 31), 29*len("&amp;") + 1},
	} {
		got := escape(c.text, maxHeader)
		if len([]rune(got)) != c.want || strings.HasSuffix(got, "&am…") {
			t.Errorf("%d characters: %q", len([]rune(got)), got)
		}
	}
}

func TestPayloadsAreBounded(t *testing.T) {
	t.Parallel()
	var got posted
	r, err := NewTeams(take(t, http.StatusOK, &got))
	if err != nil {
		t.Fatal(err)
	}
	full := delivery()
	full.Body.Reasons, full.Names = nil, nil
	for range notify.MaxReasons {
		full.Body.Reasons = append(full.Body.Reasons, notify.Reason{Kind: "device-stale", Subject: "d"})
		full.Names = append(full.Names, strings.Repeat("é", notify.MaxName))
	}
	if _, err := r.Carry(t.Context(), full); err != nil || len(got.body) > MaxPayload {
		t.Errorf("the fullest message: %v, %d bytes", err, len(got.body))
	}
	r.payload = func(letter.Letter) any { return strings.Repeat("x", MaxPayload-2) }
	if _, err := r.Carry(t.Context(), full); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	r.payload = func(letter.Letter) any { return strings.Repeat("x", MaxPayload-1) }
	if _, err := r.Carry(t.Context(), full); !isPermanent(err) || err.Error() != "chat: the message has 28673 bytes; it may have 28672" {
		t.Errorf("one over: %v", err)
	}
}

func isPermanent(err error) bool {
	var permanent *notify.PermanentError
	return errors.As(err, &permanent)
}

func TestRoomsThatRefuse(t *testing.T) {
	t.Parallel()
	for status, permanent := range map[int]bool{400: true, 403: true, 404: true, 410: true, 429: false, 500: false} {
		cfg := room(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "invalid_token /services/T0/B0/secret")
		})
		r, err := NewSlack(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Carry(t.Context(), delivery())
		var retry *notify.RetryError
		if err == nil || isPermanent(err) != permanent || strings.Contains(err.Error(), "secret") || errors.As(err, &retry) != (status == 429) {
			t.Errorf("%d: %v", status, err)
		}
		if retry != nil && retry.After != 7*time.Second {
			t.Errorf("after %s", retry.After)
		}
	}
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	if _, err := NewTeams(Config{}); err == nil || err.Error() != "chat: Client is missing\nchat: Letters is missing" {
		t.Errorf("%v", err)
	}
	client, err := outbound.New(outbound.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSlack(Config{Client: client, Letters: writer(t), URL: "https://127.0.0.1/secret"}); outbound.CodeOf(err) != outbound.CodeBlocked || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}
