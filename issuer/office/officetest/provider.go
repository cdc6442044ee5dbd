package officetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// ClientID and ClientSecret are what the provider knows its client by.
const (
	ClientID     = "cyberbadge-office"
	ClientSecret = "password of the client: 100%+"
)

// Provider is an OpenID provider over TLS on loopback that signs in whoever it is
// told to, without asking. Set its fields before the call that they are for.
type Provider struct {
	URL    string
	Client *http.Client // trusts it

	// Claims changes what an ID token says before it is signed.
	Claims func(map[string]any)
	// Token changes an ID token after it was signed.
	Token func(string) string
	// Metadata changes what discovery says.
	Metadata func(map[string]any)
	// Down has every call answered with 503.
	Down bool
	// Key signs; it is published unless Unpublished is set.
	Key         *ecdsa.PrivateKey
	Unpublished bool
	Now         func() time.Time

	mu    sync.Mutex
	codes map[string]url.Values // the authorization requests, by code
	asked map[string]int        // how often each address was called
}

// NewProvider starts a provider that ends with the test.
func NewProvider(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Key: key, Now: now, codes: map[string]url.Values{}, asked: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.metadata)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		down := p.Down
		p.mu.Unlock()
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL, p.Client = server.URL, server.Client()
	return p
}

// Asked returns how often an address was called.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// SetDown has the provider answer nothing, or answer again.
func (p *Provider) SetDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Down = down
}

// Authorize answers an authorization request as if somebody had signed in: it
// returns the query that the browser brings back.
func (p *Provider) Authorize(t testing.TB, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	asked := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": ClientID, "code_challenge_method": "S256"} {
		if asked.Get(name) != want {
			t.Fatalf("%s is %q in %s", name, asked.Get(name), address)
		}
	}
	code := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = asked
	return url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {p.URL}}
}

func (p *Provider) metadata(w http.ResponseWriter, _ *http.Request) {
	said := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true, "end_session_endpoint": p.URL + "/end",
	}
	if p.Metadata != nil {
		p.Metadata(said)
	}
	answer(w, said)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	key := p.Key
	if p.Unpublished {
		key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256", "x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
}

// token redeems a code once, for the client that it was given to and with the
// verifier of the challenge.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	// RFC 6749, section 2.3.1: both are form-encoded first.
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if id != ClientID || secret != ClientSecret {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	code := r.PostFormValue("code")
	p.mu.Lock()
	asked, found := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !found || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") || asked.Get("code_challenge") != encode(challenge[:]) {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	answer(w, map[string]any{"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": p.idToken(asked)})
}

func (p *Provider) idToken(asked url.Values) string {
	now := p.Now().Unix()
	claims := map[string]any{
		"iss": p.URL, "sub": "zoe", "aud": ClientID, "nonce": asked.Get("nonce"), "iat": now, "exp": now + 300, "auth_time": now,
		"name": "Zoë Nuñez", "email": "zoe@vendor.example", "email_verified": true,
	}
	if p.Claims != nil {
		p.Claims(claims)
	}
	token := Sign(p.Key, claims)
	if p.Token != nil {
		token = p.Token(token)
	}
	return token
}

// Sign signs claims with ES256.
func Sign(key *ecdsa.PrivateKey, claims map[string]any) string {
	header, _ := json.Marshal(map[string]string{"alg": "ES256", "kid": "1", "typ": "JWT"})
	payload, _ := json.Marshal(claims)
	return SignText(key, string(header), string(payload))
}

// SignText signs a payload as it is written, under a header as it is written.
func SignText(key *ecdsa.PrivateKey, header, payload string) string {
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err) // a P-256 key signs
	}
	fixed := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	return input + "." + encode(append(fixed(r), fixed(s)...))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answer(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(content)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}
