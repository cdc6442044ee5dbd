package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/examples/internal/exampletest"
	"github.com/cyberbadge/cyberbadge/revocation"
)

const audience = "https://jump.customer.example"

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

// site is a server behind a guard.
type site struct {
	url    string
	issuer *exampletest.Issuer
}

// both runs a test against the server with net/http and with gin.
func both(t *testing.T, test func(*testing.T, site)) {
	t.Helper()
	for name, pages := range map[string]func(*Guard) http.Handler{"net_http": pages, "gin": ginPages} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := exampletest.Start(t)
			gate, err := newVerifier(issuer.TrustFile, lists(uint(issuer.Port)))
			if err != nil {
				t.Fatal(err)
			}
			nonces, err := NewNonces(MaxNonces, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(pages(&Guard{Verifier: gate, Nonces: nonces, Audience: audience}))
			t.Cleanup(func() {
				server.Close()
				if err := gate.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, site{server.URL, issuer})
		})
	}
}

// nonce asks the server for one, as the holder's program does.
func (s site) nonce(t *testing.T) string {
	t.Helper()
	response, err := http.Get(s.url + "/nonce")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Nonce     string `json:"nonce"`
		Audience  string `json:"audience"`
		ExpiresIn int    `json:"expires_in"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if len(body.Nonce) < 26 || body.Audience != audience || body.ExpiresIn != 120 || response.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%+v %v", body, response.Header)
	}
	return body.Nonce
}

// get asks for the page with these headers, given as name and value.
func (s site) get(t *testing.T, headers ...string) (status int, body string, header http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

func (s site) expect(t *testing.T, what string, wantStatus int, wantBody string, headers ...string) {
	t.Helper()
	status, body, header := s.get(t, headers...)
	if status != wantStatus || !strings.Contains(body, wantBody) {
		t.Errorf("%s: %d %s, want %d with %q", what, status, body, wantStatus, wantBody)
	}
	if challenged := header.Get("WWW-Authenticate") != ""; challenged != (status == http.StatusUnauthorized) {
		t.Errorf("%s: %d with WWW-Authenticate %q", what, status, header.Get("WWW-Authenticate"))
	}
}

func TestGuard_LetsInWhoeverPresentsABadgeForItsNonce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s site) {
		badge := s.issuer.Badge(t, credential.Remote, credential.Onsite)
		for range 2 {
			nonce := s.nonce(t)
			s.expect(t, "with a badge", 200, "Welcome, "+credentialtest.Claims().Subject+" of https://badge.vendor.example.",
				"Authorization", "Bearer "+s.issuer.Answer(t, badge, audience, nonce), NonceHeader, nonce)
		}
	})
}

func TestGuard_EachNonceIsGoodForOneRequest(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s site) {
		badge, nonce := s.issuer.Badge(t, credential.Remote), s.nonce(t)
		request := []string{"Authorization", "Bearer " + s.issuer.Answer(t, badge, audience, nonce), NonceHeader, nonce}
		s.expect(t, "at first", 200, "Welcome", request...)
		s.expect(t, "again", 401, `"nonce_unknown"`, request...)
		// A request that is denied uses its nonce up, too.
		nonce = s.nonce(t)
		s.expect(t, "denied", 403, `"malformed"`, "Authorization", "Bearer nonsense", NonceHeader, nonce)
		s.expect(t, "after a denial", 401, `"nonce_unknown"`,
			"Authorization", "Bearer "+s.issuer.Answer(t, badge, audience, nonce), NonceHeader, nonce)
	})
}

func TestGuard_OneNonceLetsInOneOfMany(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s site) {
		nonce := s.nonce(t)
		request := []string{"Authorization", "Bearer " + s.issuer.Answer(t, s.issuer.Badge(t, credential.Remote), audience, nonce), NonceHeader, nonce}
		var group sync.WaitGroup
		admitted := make(chan int, 16)
		for range cap(admitted) {
			group.Go(func() {
				status, _, _ := s.get(t, request...)
				admitted <- status
			})
		}
		group.Wait()
		close(admitted)
		count := make(map[int]int)
		for status := range admitted {
			count[status]++
		}
		if count[200] != 1 || count[401] != cap(admitted)-1 {
			t.Errorf("answers by status: %v", count)
		}
	})
}

func TestGuard_TurnsAwayWhatIsNotMadeForIt(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s site) {
		badge := s.issuer.Badge(t, credential.Remote)
		onsite := s.issuer.Badge(t, credential.Onsite)
		for name, c := range map[string]struct {
			present func(nonce string) string
			reason  string
		}{
			"made for another server":    {func(n string) string { return s.issuer.Answer(t, badge, "https://evil.example", n) }, "holder_binding_invalid"},
			"made for another nonce":     {func(string) string { return s.issuer.Answer(t, badge, audience, "n-1") }, "holder_binding_invalid"},
			"made for a gate":            {func(n string) string { return s.issuer.Show(t, badge, n) }, "holder_binding_invalid"},
			"a badge without a proof":    {func(string) string { return badge }, "holder_binding_missing"},
			"a badge for onsite only":    {func(n string) string { return s.issuer.Answer(t, onsite, audience, n) }, "access_not_granted"},
			"something else altogether":  {func(string) string { return "c2VjcmV0" }, "malformed"},
			"a proof with another badge": {func(n string) string { return onsite + lastPart(s.issuer.Answer(t, badge, audience, n)) }, "holder_binding_invalid"},
		} {
			nonce := s.nonce(t)
			s.expect(t, name, 403, `"`+c.reason+`"`, "Authorization", "Bearer "+c.present(nonce), NonceHeader, nonce)
		}
	})
}

func lastPart(presentation string) string {
	return presentation[strings.LastIndex(presentation, "~")+1:]
}

func TestGuard_AsksForACredential(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s site) {
		nonce := s.nonce(t)
		good := "Bearer " + s.issuer.Answer(t, s.issuer.Badge(t, credential.Remote), audience, nonce)
		s.expect(t, "nothing", 401, `"credential_missing"`)
		s.expect(t, "nonce only", 401, `"credential_missing"`, NonceHeader, nonce)
		s.expect(t, "another scheme", 401, `"credential_missing"`, "Authorization", "Basic dTpw", NonceHeader, nonce)
		s.expect(t, "an empty one", 401, `"credential_missing"`, "Authorization", "Bearer ", NonceHeader, nonce)
		s.expect(t, "two", 401, `"credential_missing"`, "Authorization", good, "Authorization", "Bearer x", NonceHeader, nonce)
		s.expect(t, "two in one", 401, `"credential_missing"`, "Authorization", good+", Bearer x", NonceHeader, nonce)
		s.expect(t, "no nonce", 401, `"nonce_unknown"`, "Authorization", good)
		s.expect(t, "a nonce of one's own", 401, `"nonce_unknown"`, "Authorization", good, NonceHeader, "mine")
		// None of these used the nonce up.
		s.expect(t, "as it should be", 200, "Welcome", "Authorization", good, NonceHeader, nonce)
	})
}

func TestGuard_TurnsAwayARevokedBadge(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s site) {
		s.issuer.SetStatus(t, revocation.Invalid)
		nonce := s.nonce(t)
		s.expect(t, "revoked", 403, `"revoked"`,
			"Authorization", "Bearer "+s.issuer.Answer(t, s.issuer.Badge(t, credential.Remote), audience, nonce), NonceHeader, nonce)
	})
}

func TestBadgeFrom_IsFalseWithoutAGuard(t *testing.T) {
	t.Parallel()
	if badge, ok := BadgeFrom(context.Background()); ok || badge != nil {
		t.Errorf("%+v, %v", badge, ok)
	}
	recorder := httptest.NewRecorder()
	welcome(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	if recorder.Code != http.StatusInternalServerError {
		t.Errorf("%d %s", recorder.Code, recorder.Body)
	}
}

func TestNonces_ExpireAndAreTakenOnce(t *testing.T) {
	t.Parallel()
	now := credentialtest.Now
	nonces, err := NewNonces(4, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	early, late := nonces.New(), nonces.New()
	now = now.Add(NonceLife - time.Nanosecond)
	if !nonces.Take(early) {
		t.Error("refused within its life")
	}
	if nonces.Take(early) {
		t.Error("taken twice")
	}
	now = now.Add(time.Nanosecond)
	if nonces.Take(late) {
		t.Error("taken after its life")
	}
	if nonces.Take("") {
		t.Error("the empty nonce was taken")
	}
}

func TestNonces_ForgetTheOldestOverTheBound(t *testing.T) {
	t.Parallel()
	nonces, err := NewNonces(4, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for range 5 {
		all = append(all, nonces.New())
	}
	if nonces.Take(all[0]) {
		t.Error("more are remembered than the bound")
	}
	for i, nonce := range all[1:] {
		if !nonces.Take(nonce) {
			t.Errorf("number %d was forgotten", i+2)
		}
	}
}

func TestRun_ServesUntilStopped(t *testing.T) {
	t.Parallel()
	for _, framework := range []string{"-gin=false", "-gin=true"} {
		issuer := exampletest.Start(t)
		ctx, stop := context.WithCancel(t.Context())
		reading, writing := io.Pipe()
		ended := make(chan error, 1)
		args := []string{
			"-trust", issuer.TrustFile, "-audience", audience, "-listen", "127.0.0.1:0",
			"-loopback-port", strconv.Itoa(int(issuer.Port)), framework,
		}
		go func() { ended <- run(ctx, args, writing) }()
		line, err := bufio.NewReader(reading).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		s := site{strings.TrimSpace(strings.TrimPrefix(line, "listening on ")), issuer}
		nonce := s.nonce(t)
		s.expect(t, framework, 200, "Welcome",
			"Authorization", "Bearer "+issuer.Answer(t, issuer.Badge(t, credential.Remote), audience, nonce), NonceHeader, nonce)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestRun_WantsAnAudienceAndATrustList(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"-audience is missing":       {"-trust", "x"},
		"nothing.json: no such file": {"-audience", audience, "-trust", "nothing.json"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}
