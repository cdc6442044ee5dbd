package conformance_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/webhook"
)

// webhookQuestion is what npm/webhooks.mjs is asked.
type webhookQuestion struct {
	Ask     string            `json:"ask"`
	Secret  string            `json:"secret"`
	ID      string            `json:"id,omitempty"`
	At      int64             `json:"at,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body"`
	Now     int64             `json:"now,omitempty"`
}

type webhookAnswer struct {
	Result any    `json:"result"`
	Error  string `json:"error"`
}

var webhookAt = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// webhookBodies are whole JSON, because the peer parses what it verified.
func webhookBodies() []string {
	return []string{
		`{}`, `{"test": 2432232314}`, `{"type":"program.lapse","data":{"person":"p.1","name":"Zoë 李 \u0000 🎓"}}`,
		"{\"spaces\" :\t1 }\n", `["` + strings.Repeat("x.", 20_000) + `"]`,
	}
}

// signedHeaders are ours, as a receiver sees them.
func signedHeaders(t *testing.T, id, body string, secrets ...webhook.Secret) map[string]string {
	t.Helper()
	header, err := webhook.Sign(secrets, id, webhookAt, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	flat := make(map[string]string)
	for name := range header {
		flat[name] = header.Get(name)
	}
	return flat
}

func TestWebhookPeer_AcceptsWhatWeSign(t *testing.T) {
	t.Parallel()
	ours, ourText := webhook.NewSecret()
	other, otherText := webhook.NewSecret()
	var questions []webhookQuestion
	for _, body := range webhookBodies() {
		for _, secret := range []string{ourText, otherText} { // whichever the receiver has got to
			questions = append(questions, webhookQuestion{
				Ask: "verify", Secret: secret, Headers: signedHeaders(t, "m-1", body, ours, other), Body: body, Now: webhookAt.Unix(),
			})
		}
	}
	for i, answer := range ask[webhookAnswer](t, "webhooks.mjs", questions) {
		var want any
		if err := json.Unmarshal([]byte(questions[i].Body), &want); err != nil {
			t.Fatal(err)
		}
		if answer.Error != "" || !reflect.DeepEqual(answer.Result, want) {
			t.Errorf("%.80s: %s", questions[i].Body, answer.Error)
		}
	}
}

func TestWebhookPeer_RefusesWhatWeRefuse(t *testing.T) {
	t.Parallel()
	ours, text := webhook.NewSecret()
	_, foreign := webhook.NewSecret()
	const body = `{"test":1}`
	good := webhookQuestion{Ask: "verify", Secret: text, Headers: signedHeaders(t, "m-1", body, ours), Body: body, Now: webhookAt.Unix()}
	tolerance := int64(webhook.Tolerance / time.Second)
	for name, c := range map[string]struct {
		change func(*webhookQuestion)
		want   string
		code   webhook.Code
	}{
		"nothing changed": {func(*webhookQuestion) {}, "", ""},
		"oldest":          {func(q *webhookQuestion) { q.Now += tolerance }, "", ""},
		"newest":          {func(q *webhookQuestion) { q.Now -= tolerance }, "", ""},
		"too old":         {func(q *webhookQuestion) { q.Now += tolerance + 1 }, "Message timestamp too old", webhook.CodeTime},
		"too new":         {func(q *webhookQuestion) { q.Now -= tolerance + 1 }, "Message timestamp too new", webhook.CodeTime},
		"another body":    {func(q *webhookQuestion) { q.Body += " " }, "No matching signature found", webhook.CodeSignature},
		"another id":      {func(q *webhookQuestion) { q.Headers["Webhook-Id"] = "m-2" }, "No matching signature found", webhook.CodeSignature},
		"another time": {func(q *webhookQuestion) { q.Headers["Webhook-Timestamp"] = strconv.FormatInt(webhookAt.Unix()+1, 10) },
			"No matching signature found", webhook.CodeSignature},
		"another secret": {func(q *webhookQuestion) { q.Secret = foreign }, "No matching signature found", webhook.CodeSignature},
		"no signature":   {func(q *webhookQuestion) { delete(q.Headers, "Webhook-Signature") }, "Missing required headers", webhook.CodeHeader},
	} {
		q := good
		q.Headers = signedHeaders(t, "m-1", body, ours)
		c.change(&q)
		if answer := ask[webhookAnswer](t, "webhooks.mjs", []webhookQuestion{q})[0]; answer.Error != c.want {
			t.Errorf("%s: the peer says %q, want %q", name, answer.Error, c.want)
		}
		if code := webhook.CodeOf(verifyWebhook(t, q)); code != c.code {
			t.Errorf("%s: we say %q, want %q", name, code, c.code)
		}
	}
}

func verifyWebhook(t *testing.T, q webhookQuestion) error {
	t.Helper()
	secret, err := webhook.ParseSecret(q.Secret)
	if err != nil {
		t.Fatal(err)
	}
	header := make(http.Header)
	for name, value := range q.Headers {
		header.Set(name, value)
	}
	_, err = webhook.Verify([]webhook.Secret{secret}, header, []byte(q.Body), time.Unix(q.Now, 0))
	return err
}

func TestWebhookPeer_SignsWhatWeAccept(t *testing.T) {
	t.Parallel()
	_, text := webhook.NewSecret()
	var questions []webhookQuestion
	for _, body := range webhookBodies() {
		questions = append(questions, webhookQuestion{Ask: "sign", Secret: text, ID: "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", At: webhookAt.Unix(), Body: body})
	}
	for i, answer := range ask[webhookAnswer](t, "webhooks.mjs", questions) {
		signature, _ := answer.Result.(string)
		q := questions[i]
		q.Headers = map[string]string{"webhook-id": q.ID, "webhook-timestamp": strconv.FormatInt(q.At, 10), "webhook-signature": signature}
		q.Now = q.At
		if err := verifyWebhook(t, q); err != nil {
			t.Errorf("%.80s: %s %v", q.Body, answer.Error, err)
		}
	}
}

// The example that internal/webhook is tested with, signed by the peer.
func TestWebhookPeer_SignsThePublishedExample(t *testing.T) {
	t.Parallel()
	answer := ask[webhookAnswer](t, "webhooks.mjs", []webhookQuestion{{
		Ask: "sign", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", At: 1614265330, Body: `{"test": 2432232314}`,
	}})[0]
	if answer.Result != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%v %s", answer.Result, answer.Error)
	}
}
