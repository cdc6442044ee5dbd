package signal_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier/signal"
)

func TestPush_AnswersAsTheStandardSays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := httptest.NewServer(s.Push("Bearer agreed"))
	t.Cleanup(server.Close)
	good := token(t, s.claims(signal.CredentialChange, revoked(s.clock.Now())))
	for name, c := range map[string]struct {
		method, authorization, mediaType, body string
		status                                 int
		answer                                 string
	}{
		"a good token":           {"POST", "Bearer agreed", signal.MediaType, good, 202, ""},
		"the same again":         {"POST", "Bearer agreed", signal.MediaType, good, 202, ""},
		"a bad token":            {"POST", "Bearer agreed", signal.MediaType, "x", 400, signal.InvalidRequest},
		"one that is too long":   {"POST", "Bearer agreed", signal.MediaType, strings.Repeat("a", signal.MaxToken+1), 400, signal.InvalidRequest},
		"another media type":     {"POST", "Bearer agreed", "application/json", good, 400, signal.InvalidRequest},
		"another authorization":  {"POST", "Bearer other", signal.MediaType, good, 401, ""},
		"no authorization":       {"POST", "", signal.MediaType, good, 401, ""},
		"a method of no meaning": {"GET", "Bearer agreed", signal.MediaType, "", 405, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", c.mediaType)
		request.Header.Set("Authorization", c.authorization)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		var refusal signal.Refusal
		if len(body) > 0 && json.Unmarshal(body, &refusal) != nil {
			t.Errorf("%s: the answer is %q", name, body)
		}
		if response.StatusCode != c.status || refusal.Err != c.answer {
			t.Errorf("%s: %d %q, want %d %q", name, response.StatusCode, body, c.status, c.answer)
		}
	}
}

func TestPush_WithoutAnAgreedSecretTakesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest("POST", "/", strings.NewReader(token(t, s.claims(signal.SessionRevoked, object{}))))
	request.Header.Set("Content-Type", signal.MediaType)
	s.Push("").ServeHTTP(recorder, request)
	if recorder.Code != http.StatusUnauthorized {
		t.Errorf("status %d", recorder.Code)
	}
}

// transmitter serves what an issuer does, as the framework and RFC 8936 have it.
type transmitter struct {
	url    string
	client *fetch.Client

	mu     sync.Mutex
	made   []map[string]any
	polls  []map[string]any
	queue  map[string]string
	done   context.CancelFunc // called by the poll after the last
	issuer string             // in the metadata
	keys   int                // times that they were fetched
}

func newTransmitter(t *testing.T) *transmitter {
	t.Helper()
	i := &transmitter{queue: make(map[string]string)}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.url, i.issuer = server.URL, server.URL
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	if i.client, err = fetch.New(fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{uint16(port)}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.client.Close() })
	return i
}

func (i *transmitter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var call map[string]any
	_ = json.NewDecoder(r.Body).Decode(&call)
	var answer any
	switch r.Method + " " + r.URL.Path {
	case "GET /.well-known/ssf-configuration":
		answer = object{"issuer": i.issuer, "jwks_uri": i.url + "/jwks", "configuration_endpoint": i.url + "/stream"}
	case "GET /jwks":
		i.keys++
		jwk := object{"kid": signalKey.KeyID(), "use": "sig", "alg": "ES256"}
		text, _ := credential.MarshalJWK(signalKey.PublicKey())
		_ = json.Unmarshal(text, &jwk)
		answer = object{"keys": []object{jwk, {"kty": "RSA", "kid": "other"}}}
	case "GET /stream":
		answer = append([]map[string]any{}, i.made...)
	case "POST /stream", "PUT /stream":
		call["stream_id"], call["aud"] = "stream-1", audience
		call["delivery"].(map[string]any)["endpoint_url"] = i.url + "/poll"
		i.made = []map[string]any{call}
		answer = call
	case "POST /poll":
		i.polls = append(i.polls, call)
		answer = object{"sets": i.queue}
		if len(i.polls) > 1 {
			i.done()
		}
		i.queue = map[string]string{}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func TestPoll_TakesAcknowledgesAndRefuses(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newTransmitter(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	i.done = cancel
	far, err := signal.Discover(ctx, i.client, i.url, "token", s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := far.Subscribe(ctx, signal.Polled())
	if err != nil {
		t.Fatal(err)
	}
	if stream.ID != "stream-1" || !slices.Equal(stream.Audience, []string{audience}) || stream.Polled != i.url+"/poll" {
		t.Errorf("stream %+v", stream)
	}
	i.queue["jti-1"] = token(t, s.claims(signal.CredentialChange, revoked(s.clock.Now())))
	i.queue["jti-2"] = "x"
	receiver, err := signal.New(signal.Config{
		Issuer: credentialtest.IssuerURL, Audience: stream.Audience, Keys: far.Key, Target: s.gate, Now: s.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Poll(ctx, far, stream); ctx.Err() == nil {
		t.Fatalf("ended early: %v", err)
	}
	if d := s.decide(t); d.Allow {
		t.Error("the badge is still good")
	}
	acknowledged, _ := json.Marshal(i.polls[1]["ack"])
	refused, _ := json.Marshal(i.polls[1]["setErrs"])
	if string(acknowledged) != `["jti-1"]` || !strings.Contains(string(refused), `"jti-2":{"description":"token_malformed`) {
		t.Errorf("acknowledged %s, refused %s", acknowledged, refused)
	}
	if again, err := far.Subscribe(t.Context(), signal.Polled()); err != nil || again.ID != stream.ID || i.made[0]["stream_id"] != "stream-1" {
		t.Errorf("a second subscription: %+v, %v", again, err)
	}
}

func TestPoll_OfAPushedStreamIsAMistake(t *testing.T) {
	t.Parallel()
	if err := newSite(t).Poll(t.Context(), nil, signal.Stream{ID: "x"}); err == nil || !strings.Contains(err.Error(), "is pushed, not polled") {
		t.Error(err)
	}
}

// TestKeys_UnknownOnesHaveTheSetFetchedOnceAMinute: forged tokens must not have it
// fetched without end.
func TestKeys_UnknownOnesHaveTheSetFetchedOnceAMinute(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newTransmitter(t)
	far, err := signal.Discover(t.Context(), i.client, i.url, "token", s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	want := func(fetched int) {
		t.Helper()
		if _, err := far.Key(t.Context(), "unknown"); err != signal.ErrUnknownKey {
			t.Errorf("error %v", err)
		}
		if i.keys != fetched {
			t.Errorf("fetched %d times, want %d", i.keys, fetched)
		}
	}
	want(1)
	s.clock.Move(signal.KeysAgain - time.Nanosecond)
	want(1)
	s.clock.Move(time.Nanosecond)
	want(2)
	if key, err := far.Key(t.Context(), signalKey.KeyID()); err != nil || !signalKey.PublicKey().Equal(key) || i.keys != 2 {
		t.Errorf("the known one: %v, fetched %d times", err, i.keys)
	}
}

func TestDiscover_RefusesTheMetadataOfAnother(t *testing.T) {
	t.Parallel()
	i := newTransmitter(t)
	i.issuer = "https://other.example"
	if _, err := signal.Discover(t.Context(), i.client, i.url, "token", time.Now); err == nil || !strings.Contains(err.Error(), `are those of "https://other.example"`) {
		t.Error(err)
	}
	if _, err := signal.Discover(t.Context(), i.client, i.url, "wrong", time.Now); err == nil || !strings.Contains(err.Error(), "HTTP status 401") {
		t.Error(err)
	}
}
