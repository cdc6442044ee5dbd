package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The example that the specification's own libraries are tested with.
const (
	publishedSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	publishedID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	publishedBody      = `{"test": 2432232314}`
	publishedSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var publishedTime = time.Unix(1614265330, 0)

func secret(t testing.TB, text string) Secret {
	t.Helper()
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func secretOf(t testing.TB, size int) (Secret, error) {
	t.Helper()
	return ParseSecret("whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, size)))
}

func TestPublishedExample(t *testing.T) {
	t.Parallel()
	secrets := []Secret{secret(t, publishedSecret)}
	header, err := Sign(secrets, publishedID, publishedTime, []byte(publishedBody))
	if err != nil || header.Get("webhook-signature") != publishedSignature {
		t.Fatalf("%v: %v", header, err)
	}
	got, err := Verify(secrets, header, []byte(publishedBody), publishedTime)
	if err != nil || got.ID != publishedID || !got.At.Equal(publishedTime) {
		t.Errorf("%+v: %v", got, err)
	}
}

func TestSecretsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for size, good := range map[int]bool{MinSecret - 1: false, MinSecret: true, MaxSecret: true, MaxSecret + 1: false} {
		if _, err := secretOf(t, size); (err == nil) != good {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	for _, bad := range []string{"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw="} {
		_, err := ParseSecret(bad)
		if err == nil || len(bad) > 10 && strings.Contains(err.Error(), bad[6:]) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	_, text := NewSecret()
	secret(t, text)
}

func TestSecretsDoNotPrintThemselves(t *testing.T) {
	t.Parallel()
	s, text := NewSecret()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s)
	for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), log.String()} {
		if strings.Contains(printed, text[6:]) || !strings.Contains(printed, "whsec_…") {
			t.Errorf("%s", printed)
		}
	}
}

func TestSeveralSecretsSoThatOneCanBeChanged(t *testing.T) {
	t.Parallel()
	old, _ := NewSecret()
	next, _ := NewSecret()
	body := []byte("{}")
	both, err := Sign([]Secret{old, next}, "msg_1", publishedTime, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, known := range map[string][]Secret{"old": {old}, "new": {next}, "both": {next, old}} {
		if _, err := Verify(known, both, body, publishedTime); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	only, err := Sign([]Secret{old}, "msg_1", publishedTime, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify([]Secret{next}, only, body, publishedTime); CodeOf(err) != CodeSignature {
		t.Errorf("after the change: %v", err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := secret(t, publishedSecret)
	long := strings.Repeat("x", MaxID)
	foreign := strings.Repeat("v2,AAAA ", MaxSignatures-1)
	cases := []struct {
		name   string
		change func(http.Header)
		body   string
		after  time.Duration
		want   Code
	}{
		{name: "as it was sent"},
		{name: "at the tolerance", after: Tolerance},
		{name: "at the tolerance, ahead", after: -Tolerance},
		{name: "too old", after: Tolerance + 1, want: CodeTime},
		{name: "from the future", after: -Tolerance - 1, want: CodeTime},
		{name: "another body", body: `{"test": 2432232315}`, want: CodeSignature},
		{name: "a body with a space more", body: publishedBody + " ", want: CodeSignature},
		{name: "another id", change: func(h http.Header) { h.Set(HeaderID, "msg_x") }, want: CodeSignature},
		{name: "another time", change: func(h http.Header) { h.Set(HeaderTimestamp, "1614265331") }, want: CodeSignature},
		{name: "no id", change: func(h http.Header) { h.Del(HeaderID) }, want: CodeHeader},
		{name: "no time", change: func(h http.Header) { h.Del(HeaderTimestamp) }, want: CodeHeader},
		{name: "no signature", change: func(h http.Header) { h.Del(HeaderSignature) }, want: CodeHeader},
		{name: "two ids", change: func(h http.Header) { h.Add(HeaderID, publishedID) }, want: CodeHeader},
		{name: "two signature headers", change: func(h http.Header) { h.Add(HeaderSignature, publishedSignature) }, want: CodeHeader},
		{name: "an id with a full stop", change: func(h http.Header) { h.Set(HeaderID, "msg.x") }, want: CodeHeader},
		{name: "the longest id", change: func(h http.Header) { h.Set(HeaderID, long) }, want: CodeSignature},
		{name: "an id too long", change: func(h http.Header) { h.Set(HeaderID, long+"x") }, want: CodeHeader},
		{name: "a time with a plus", change: func(h http.Header) { h.Set(HeaderTimestamp, "+1614265330") }, want: CodeHeader},
		{name: "a time with a zero", change: func(h http.Header) { h.Set(HeaderTimestamp, "01614265330") }, want: CodeHeader},
		{name: "a time that is no number", change: func(h http.Header) { h.Set(HeaderTimestamp, "now") }, want: CodeHeader},
		{name: "a time out of all range", change: func(h http.Header) { h.Set(HeaderTimestamp, "99999999999999999999") }, want: CodeHeader},
		{name: "another version beside it", change: func(h http.Header) { h.Set(HeaderSignature, "v1a,xyz "+publishedSignature) }},
		{name: "another version alone", change: func(h http.Header) { h.Set(HeaderSignature, "v2"+publishedSignature[2:]) }, want: CodeSignature},
		{name: "hexadecimal", change: func(h http.Header) {
			h.Set(HeaderSignature, "v1,83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1")
		}, want: CodeSignature},
		{name: "cut short", change: func(h http.Header) { h.Set(HeaderSignature, "v1,") }, want: CodeSignature},
		{name: "spelled otherwise", change: func(h http.Header) { h.Set(HeaderSignature, strings.TrimRight(publishedSignature, "=")) }, want: CodeSignature},
		{name: "as many signatures as may be", change: func(h http.Header) { h.Set(HeaderSignature, foreign+publishedSignature) }},
		{name: "one signature too many", change: func(h http.Header) { h.Set(HeaderSignature, "v2,A "+foreign+publishedSignature) }, want: CodeHeader},
	}
	for _, c := range cases {
		header, err := Sign([]Secret{s}, publishedID, publishedTime, []byte(publishedBody))
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			c.change(header)
		}
		body := publishedBody
		if c.body != "" {
			body = c.body
		}
		got, err := Verify([]Secret{s}, header, []byte(body), publishedTime.Add(c.after))
		if CodeOf(err) != c.want || (err == nil) != (c.want == "") || err != nil && got != (Verified{}) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestSecretsAndIDsThatCannotSign(t *testing.T) {
	t.Parallel()
	s := secret(t, publishedSecret)
	five := []Secret{s, s, s, s, s}
	if _, err := Sign(five[:MaxSecrets], "x", publishedTime, nil); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	for name, secrets := range map[string][]Secret{"none": nil, "an empty one": {{}}, "too many": five} {
		_, err := Sign(secrets, "x", publishedTime, nil)
		_, other := Verify(secrets, http.Header{}, nil, publishedTime)
		if err == nil || other == nil || CodeOf(other) != "" {
			t.Errorf("%s: %v, %v", name, err, other)
		}
	}
	for _, id := range []string{"", "a b", "a.b", "ä", "a\n", strings.Repeat("x", MaxID+1)} {
		if _, err := Sign([]Secret{s}, id, publishedTime, nil); err == nil {
			t.Errorf("id %q", id)
		}
	}
}

func receiver(t *testing.T, now *time.Time, memory *Memory) *Receiver {
	t.Helper()
	r, err := NewReceiver(Config{Secrets: []Secret{secret(t, publishedSecret)}, Replays: memory, Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sent(t *testing.T, id string, at time.Time) http.Header {
	t.Helper()
	header, err := Sign([]Secret{secret(t, publishedSecret)}, id, at, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func TestAReplayIsNotWorkedOffAgain(t *testing.T) {
	t.Parallel()
	now := publishedTime
	r := receiver(t, &now, NewMemory(10))
	header, times := sent(t, "msg_1", now), 0
	do := func(t *testing.T) error {
		return r.Receive(t.Context(), header, []byte("{}"), func(context.Context, Verified) error { times++; return nil })
	}
	if err := do(t); err != nil || times != 1 {
		t.Fatalf("%v, %d times", err, times)
	}
	for _, after := range []time.Duration{0, time.Second, Tolerance} {
		if now = publishedTime.Add(after); CodeOf(do(t)) != CodeReplayed || times != 1 {
			t.Errorf("after %s it was worked off %d times", after, times)
		}
	}
	if now = publishedTime.Add(Tolerance + 1); CodeOf(do(t)) != CodeTime || times != 1 {
		t.Errorf("later: %d times", times)
	}
}

func TestWhatFailedMayBeSentAgain(t *testing.T) {
	t.Parallel()
	now := publishedTime
	r := receiver(t, &now, NewMemory(10))
	broken := errors.New("the database is away")
	for _, want := range []error{broken, nil} {
		if err := r.Receive(t.Context(), sent(t, "msg_1", now), []byte("{}"), func(context.Context, Verified) error { return want }); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	func() {
		defer func() { _ = recover() }()
		_ = r.Receive(t.Context(), sent(t, "msg_2", now), []byte("{}"), func(context.Context, Verified) error { panic("x") })
	}()
	if err := r.Receive(t.Context(), sent(t, "msg_2", now), []byte("{}"), func(context.Context, Verified) error { return nil }); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestAStormMakesNoRoomForReplays(t *testing.T) {
	t.Parallel()
	now := publishedTime
	const room = 3
	r := receiver(t, &now, NewMemory(room))
	receive := func(id string) Code {
		return CodeOf(r.Receive(t.Context(), sent(t, id, now), []byte("{}"), func(context.Context, Verified) error { return nil }))
	}
	for i := range room {
		if code := receive(fmt.Sprintf("msg_%d", i)); code != "" {
			t.Errorf("at the bound: %s", code)
		}
	}
	if code := receive("msg_more"); code != CodeBusy {
		t.Errorf("one over: %q", code)
	}
	if code := receive("msg_0"); code != CodeReplayed {
		t.Errorf("the first, again: %q", code)
	}
	now = now.Add(Tolerance + 2*time.Second)
	if code := receive("msg_more"); code != "" {
		t.Errorf("later: %q", code)
	}
}

func TestNewReceiverReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := NewReceiver(Config{})
	if want := "webhook: there are 0 secrets; there must be 1 to 4\nwebhook: Replays is missing"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestOnlyWhatWasSignedVerifies(t *testing.T) {
	t.Parallel()
	s := secret(t, publishedSecret)
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[a-zA-Z0-9_-]{1,40}`).Draw(t, "id")
		body := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "body")
		header, err := Sign([]Secret{s}, id, publishedTime, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify([]Secret{s}, header, body, publishedTime); err != nil {
			t.Fatal(err)
		}
		at := rapid.IntRange(0, len(body)-1).Draw(t, "at")
		body[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := Verify([]Secret{s}, header, body, publishedTime); CodeOf(err) != CodeSignature {
			t.Fatalf("%v", err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add(publishedID, "1614265330", publishedSignature, []byte(publishedBody))
	f.Add("", "-1", "v1, v1,", []byte{})
	s := secret(f, publishedSecret)
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		header := http.Header{HeaderID: {id}, HeaderTimestamp: {timestamp}, HeaderSignature: {signature}}
		got, err := Verify([]Secret{s}, header, body, publishedTime)
		if err != nil {
			if CodeOf(err) == "" || got != (Verified{}) {
				t.Fatalf("%+v %v", got, err)
			}
			return
		}
		again, err := Sign([]Secret{s}, got.ID, got.At, body)
		if err != nil || !strings.Contains(signature, again.Get(HeaderSignature)) {
			t.Fatalf("%q is not what would have been signed", signature)
		}
	})
}
