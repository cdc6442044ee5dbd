package enrol

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Tokens is the answer of the token endpoint (RFC 6749, section 5.1).
type Tokens struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"` // DPoP
	ExpiresIn int64  `json:"expires_in"` // seconds, of the access token
	Refresh   string `json:"refresh_token"`
}

// TokenRequest is a call of the token endpoint.
type TokenRequest struct {
	Form url.Values
	DPoP []string // the DPoP headers
}

// Token exchanges a pre-authorized code with its transaction code, or a refresh
// token, for tokens that are bound to the key of the DPoP proof. The error is an
// [*Error] or the store's.
func (d *Desk) Token(ctx context.Context, request TokenRequest) (Tokens, error) {
	grant, err := parameter(request.Form, "grant_type")
	if err != nil {
		return Tokens{}, err
	}
	exchange := d.redeem
	switch grant {
	case preAuthorizedGrant:
	case "refresh_token":
		exchange = d.refresh
	case "":
		return Tokens{}, refuse(InvalidRequest, "grant_type is missing")
	default:
		return Tokens{}, refuse(UnsupportedGrantType, "the grants are %s and refresh_token", preAuthorizedGrant)
	}
	now := d.config.Now()
	proof, err := d.proven(request.DPoP, TokenPath, "", now)
	if err != nil {
		return Tokens{}, err
	}
	return exchange(ctx, request.Form, proof, now)
}

// proven checks a DPoP proof for a call, but not whether it was used before.
func (d *Desk) proven(headers []string, path, accessToken string, now time.Time) (dpop, error) {
	proof, err := readDPoP(headers, d.url(path), accessToken, now)
	if err != nil {
		return dpop{}, refuse(InvalidDPoPProof, "%v", err)
	}
	if _, good := d.nonces.check(dpopNonce, proof.nonce, now); !good {
		return dpop{}, refuse(UseDPoPNonce, "make the proof with the nonce of the header DPoP-Nonce")
	}
	return proof, nil
}

// once is what is spent of a proof: remembered until its iat is too old.
func (p dpop) once(now time.Time) store.OneTime {
	return store.OneTime{Hash: proofHash(p.keyID, p.jti), Until: now.Add(ProofBehind + ProofAhead + time.Second)}
}

func (d *Desk) redeem(ctx context.Context, form url.Values, proof dpop, now time.Time) (Tokens, error) {
	code, err := parameter(form, "pre-authorized_code")
	if err != nil {
		return Tokens{}, err
	}
	txCode, err := parameter(form, "tx_code")
	if err != nil {
		return Tokens{}, err
	}
	switch {
	case code == "":
		return Tokens{}, refuse(InvalidRequest, "pre-authorized_code is missing")
	case txCode == "":
		return Tokens{}, refuse(InvalidRequest, "tx_code is missing: the program office has it")
	case !isSecret(code):
		return Tokens{}, invalidCode()
	}
	tokens, kept := newTokens(now)
	enrolment, outcome, err := d.config.Store.RedeemInvitation(ctx, store.Redemption{
		CodeHash:      codeHash(code),
		TxCodeHash:    txCodeHash(code, txCode),
		KeyThumbprint: proof.keyID,
		Tokens:        kept,
		Proof:         proof.once(now),
		At:            now,
	})
	if err != nil {
		return Tokens{}, exchangeFailed(err, invalidCode())
	}
	if outcome == store.Redeemed {
		d.config.Logger.InfoContext(ctx, "enrolled", "enrolment", enrolment.ID)
		return tokens, nil
	}
	d.config.Logger.WarnContext(ctx, "invitation refused", "enrolment", enrolment.ID, "outcome", outcome, "attempts_left", enrolment.AttemptsLeft)
	if outcome == store.WrongTxCode {
		return Tokens{}, refuse(InvalidGrant, "the tx_code is wrong; attempts left: %d", enrolment.AttemptsLeft)
	}
	return Tokens{}, invalidCode()
}

func invalidCode() error {
	return refuse(InvalidGrant, "the code is unknown, used or expired; ask the program office for a new invitation")
}

func (d *Desk) refresh(ctx context.Context, form url.Values, proof dpop, now time.Time) (Tokens, error) {
	token, err := parameter(form, "refresh_token")
	if err != nil {
		return Tokens{}, err
	}
	invalid := refuse(InvalidGrant, "the refresh token is unknown, used, expired or of another key")
	switch {
	case token == "":
		return Tokens{}, refuse(InvalidRequest, "refresh_token is missing")
	case !isSecret(token):
		return Tokens{}, invalid
	}
	tokens, kept := newTokens(now)
	_, err = d.config.Store.RefreshEnrolment(ctx, store.Refreshment{
		RefreshHash:   refreshHash(token),
		KeyThumbprint: proof.keyID,
		Tokens:        kept,
		Proof:         proof.once(now),
		At:            now,
	})
	if err != nil {
		return Tokens{}, exchangeFailed(err, invalid)
	}
	return tokens, nil
}

// exchangeFailed puts what the store says of an exchange into the protocol's
// words.
func exchangeFailed(err, notFound error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return notFound
	case errors.Is(err, store.ErrAlreadyExists):
		return proofUsed()
	}
	return err
}

func proofUsed() error {
	return refuse(InvalidDPoPProof, "this proof was used before; make one for each request")
}

func newTokens(now time.Time) (Tokens, store.Tokens) {
	tokens := Tokens{newSecret(), "DPoP", int64(AccessTokenLife / time.Second), newSecret()}
	return tokens, store.Tokens{
		AccessHash:       accessHash(tokens.Access),
		AccessExpiresAt:  now.Add(AccessTokenLife),
		RefreshHash:      refreshHash(tokens.Refresh),
		RefreshExpiresAt: now.Add(RefreshTokenLife),
	}
}

// parameter reads what may stand once (RFC 6749, section 3.2). Empty is as good
// as missing.
func parameter(form url.Values, name string) (string, error) {
	values := form[name]
	switch {
	case len(values) > 1:
		return "", refuse(InvalidRequest, "%s stands twice", name)
	case len(values) == 0:
		return "", nil
	case len(values[0]) > MaxParameter:
		return "", refuse(InvalidRequest, "%s has %d bytes, at most %d are taken", name, len(values[0]), MaxParameter)
	}
	return values[0], nil
}
