package office

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// retryAfter is how long a provider that did not answer is left alone.
const retryAfter = 10 * time.Second

// signatures are the algorithms that an ID token may be signed with: none that
// takes the client's secret for a key, and never "none".
var signatures = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// provider is what the identity provider's metadata says.
type provider struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	sendsIss bool   // in every answer (RFC 9207)
	endURL   string // where the session there ends; may be empty
}

// metadata is the provider, asked for when it is needed and anew every
// [MetadataAge].
type metadata struct {
	mu      sync.Mutex // held while it is fetched: one for all who wait
	current *provider
	at      time.Time
	failure error
}

// provider returns what the provider says about itself. If it does not answer,
// what it said before goes on holding.
func (o *Office) provider(ctx context.Context) (*provider, error) {
	m := &o.metadata
	m.mu.Lock()
	defer m.mu.Unlock()
	now := o.config.Now()
	fresh := m.current != nil && now.Sub(m.at).Abs() < MetadataAge
	failed := m.failure != nil && now.Sub(m.at).Abs() < retryAfter
	if !fresh && !failed {
		found, err := o.discover(ctx)
		m.failure, m.at = err, now
		if err == nil {
			m.current = found
		}
	}
	if m.current == nil {
		return nil, because(ProviderDown, m.failure, "The identity provider can't be reached. Try again in a moment; who is signed in stays so.")
	}
	return m.current, nil
}

func (o *Office) discover(ctx context.Context) (*provider, error) {
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, o.config.HTTP), o.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery: %.300v", err) // the body may be in it
	}
	var said struct {
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
		Challenges  []string `json:"code_challenge_methods_supported"`
		SendsIss    bool     `json:"authorization_response_iss_parameter_supported"`
		EndSession  string   `json:"end_session_endpoint"`
		KeysURL     string   `json:"jwks_uri"`
	}
	if err := p.Claims(&said); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	endpoint := p.Endpoint()
	if endpoint.AuthURL == "" || endpoint.TokenURL == "" || said.KeysURL == "" {
		return nil, errors.New("discovery: an endpoint is missing")
	}
	// Absent says nothing: several large providers leave it out.
	if len(said.Challenges) > 0 && !slices.Contains(said.Challenges, "S256") {
		return nil, errors.New("discovery: the provider has no PKCE with S256")
	}
	// Said, and not found out: a wrong guess would spend the code.
	endpoint.AuthStyle = authStyle(o.config.ClientSecret, said.AuthMethods)
	return &provider{
		oauth: oauth2.Config{
			ClientID: o.config.ClientID, ClientSecret: o.config.ClientSecret, Endpoint: endpoint,
			RedirectURL: o.config.Address + CallbackPath,
			Scopes:      append([]string{oidc.ScopeOpenID}, o.config.Scopes...),
		},
		// The keys are fetched with a context of their own, which outlives the call
		// that came first.
		verifier: p.VerifierContext(oidc.ClientContext(context.Background(), o.config.HTTP), &oidc.Config{
			ClientID: o.config.ClientID, SupportedSigningAlgs: signatures, Now: o.config.Now,
		}),
		sendsIss: said.SendsIss,
		endURL:   endSession(said.EndSession, o.config),
	}, nil
}

// authStyle is how the client shows its secret (OpenID Connect Discovery, section
// 3: basic is what absence means).
func authStyle(secret string, methods []string) oauth2.AuthStyle {
	post := slices.Contains(methods, "client_secret_post") && !slices.Contains(methods, "client_secret_basic")
	if secret == "" || post {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// call has oauth2 use the client that was handed in.
func call(ctx context.Context, client *http.Client) context.Context {
	return oidc.ClientContext(ctx, client)
}
