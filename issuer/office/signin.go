package office

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
)

// Begun is a sign-in that began.
type Begun struct {
	URL  string // at the provider, for the browser to go to
	Flow string // for the browser to bring back, in a cookie of its own
}

// Begin begins a sign-in. With fresh the provider is asked to see credentials
// again, for what needs a step up. session is the secret of the session that the
// browser has, which the new one replaces; it may be empty.
func (o *Office) Begin(ctx context.Context, fresh bool, session string) (Begun, error) {
	p, err := o.provider(ctx)
	if err != nil {
		return Begun{}, err
	}
	f := newFlow(o.config.Now(), fresh)
	if session != "" {
		hash := sha256.Sum256([]byte(session))
		f.Instead = hash[:]
	}
	sealed, err := o.sealer.seal(f)
	if err != nil {
		return Begun{}, err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	if fresh {
		// max_age makes auth_time mandatory (OpenID Connect Core, section 3.1.2.1).
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return Begun{URL: p.oauth.AuthCodeURL(f.State, options...), Flow: sealed}, nil
}

// Bounds of what comes back with the browser, in bytes.
const (
	maxCode    = 4096
	maxIDToken = 64 << 10
)

// Finish ends a sign-in with what the provider sent back with the browser: it
// exchanges the code, checks the ID token and begins a session, whose secret it
// returns. Every check that fails ends the sign-in; the browser's flow is no good
// a second time.
func (o *Office) Finish(ctx context.Context, sealed string, answer url.Values) (secret string, who Identity, err error) {
	f, err := o.resume(sealed, answer)
	if err != nil {
		return "", Identity{}, err
	}
	p, err := o.provider(ctx)
	if err != nil {
		return "", Identity{}, err
	}
	code, err := p.code(answer, o.config.Issuer)
	if err != nil {
		return "", Identity{}, err
	}
	claims, err := o.redeem(ctx, p, f, code)
	if err != nil {
		return "", Identity{}, err
	}
	return o.open(ctx, f, claims)
}

// resume returns the flow that the answer belongs to. That it is this browser's is
// what keeps somebody from signing a victim in as themselves.
func (o *Office) resume(sealed string, answer url.Values) (flow, error) {
	expired := "This sign-in was begun too long ago, in another browser, or was finished before. Sign in again."
	f, err := o.sealer.open(sealed)
	if err != nil {
		return f, because(SignInExpired, err, expired)
	}
	now := o.config.Now()
	if !now.Before(f.Until) || now.Before(f.Begun.Add(-clockSkew)) {
		return f, because(SignInExpired, errors.New("too old"), expired)
	}
	states := answer["state"]
	if len(states) != 1 || subtle.ConstantTimeCompare([]byte(states[0]), []byte(f.State)) != 1 {
		return f, because(SignInExpired, errors.New("another state"), expired)
	}
	if found, _ := o.spent.ContainsOrAdd(f.State, struct{}{}); found {
		return f, because(SignInExpired, errors.New("finished before"), expired)
	}
	return f, nil
}

// code returns the code of an answer that is this provider's (RFC 9207) and no
// error.
func (p *provider) code(answer url.Values, issuer string) (string, error) {
	refused := func(why string) (string, error) {
		return "", because(SignInRefused, errors.New(why), "The identity provider's answer is not one that we asked for. Sign in again; if that goes on, tell your administrator.")
	}
	for _, name := range []string{"iss", "code", "error"} {
		if len(answer[name]) > 1 {
			return refused(name + " is there twice")
		}
	}
	if iss, present := answer["iss"]; present && iss[0] != issuer || !present && p.sendsIss {
		return refused("iss is not the provider's")
	}
	if answer.Has("error") {
		return "", because(SignInRefused, errors.New("the provider says "+known(answer.Get("error"))), "The identity provider did not sign you in. Try again, or ask who runs it.")
	}
	code := answer.Get("code")
	if code == "" || len(code) > maxCode {
		return refused("no code")
	}
	return code, nil
}

// known is an error code of OAuth or OpenID Connect; what else there may be is a
// caller's text and stays out of the log.
func known(code string) string {
	codes := []string{
		"access_denied", "account_selection_required", "consent_required", "interaction_required", "invalid_request", "invalid_scope",
		"login_required", "server_error", "temporarily_unavailable", "unauthorized_client", "unsupported_response_type",
	}
	if slices.Contains(codes, code) {
		return code
	}
	return "an unknown error"
}

// redeem exchanges the code for an ID token and returns what that says.
func (o *Office) redeem(ctx context.Context, p *provider, f flow, code string) (claims, error) {
	token, err := p.oauth.Exchange(call(ctx, o.config.HTTP), code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return claims{}, exchangeFailed(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" || len(raw) > maxIDToken {
		return claims{}, because(SignInRefused, errors.New("no ID token"), notGood)
	}
	verified, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return claims{}, because(SignInRefused, err, notGood)
	}
	c, err := o.claims(raw, verified, f)
	if err != nil {
		return claims{}, because(SignInRefused, err, notGood)
	}
	return c, nil
}

const notGood = "What the identity provider sent does not check out. Sign in again; if that goes on, tell your administrator."

// exchangeFailed tells a code that is refused from a provider that is not there.
// The provider's own text stays out of it: it may repeat the code.
func exchangeFailed(err error) error {
	var answer *oauth2.RetrieveError
	var unreachable *outbound.Error
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < 500 {
		return because(SignInRefused, errors.New("the token endpoint says "+knownGrant(answer.ErrorCode)), notGood)
	}
	if errors.As(err, &unreachable) {
		err = unreachable
	}
	return because(ProviderDown, err, "The identity provider can't be reached. Try again in a moment.")
}

func knownGrant(code string) string {
	if slices.Contains([]string{"invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type"}, code) {
		return code
	}
	return "an unknown error"
}

// open begins the session of whoever the claims are about, if it is an officer.
func (o *Office) open(ctx context.Context, f flow, c claims) (string, Identity, error) {
	now := o.config.Now().UTC().Truncate(time.Microsecond)
	id := OfficerID(o.config.Issuer, c.subject)
	role, err := o.roleOf(ctx, id, c)
	if err != nil {
		return "", Identity{}, err
	}
	secret := sessionPrefix + random()
	begins := SignIn{
		Session: Session{
			Hash: sha256.Sum256([]byte(secret)), OfficerID: id, CreatedAt: now, SeenAt: now,
			AuthenticatedAt: c.authenticated, ExpiresAt: now.Add(o.config.Life),
		},
		Officer: Officer{ID: id, Issuer: o.config.Issuer, Subject: c.subject, Name: c.name, Email: c.email, SignedInAt: now},
	}
	if !o.Lists() {
		begins.Session.Role = role
	}
	copy(begins.Instead[:], f.Instead)
	if err := o.config.Records.AddSession(ctx, begins); err != nil {
		return "", Identity{}, err
	}
	o.config.Logger.InfoContext(ctx, "officer signed in", "officer", id, "role", role)
	return secret, Identity{Officer: begins.Officer, Role: role, Session: begins.Session}, nil
}

// endSession is where an officer ends the session at the provider, too (OpenID
// Connect RP-Initiated Logout). It names this service, and nobody.
func endSession(endpoint string, c Config) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && !isLoopback(u) {
		return ""
	}
	query := u.Query()
	query.Set("client_id", c.ClientID)
	query.Set("post_logout_redirect_uri", c.Address+"/")
	u.RawQuery = query.Encode()
	return u.String()
}
