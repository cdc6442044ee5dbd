package gate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/jose"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// prove returns the gate that signed the proof. The nonce is spent last: only a
// paired gate can make the desk remember one.
func (d *Desk) prove(ctx context.Context, text string, now time.Time) (Gate, error) {
	token, err := jose.ParseCompact(text, MaxProof, jose.HeaderPolicy{Type: ProofType})
	if err != nil {
		return Gate{}, refuse(err)
	}
	if token.Header.KeyID == "" {
		return Gate{}, refuse(errors.New("kid is missing: it is the id of the gate"))
	}
	g, err := d.config.Store.Gate(ctx, token.Header.KeyID)
	if err != nil {
		return Gate{}, err
	}
	if err := d.fit(g); err != nil {
		return Gate{}, err
	}
	if err := token.Verify(g.Key); err != nil {
		return Gate{}, refuse(err)
	}
	nonce, err := readPayload(token.Payload)
	if err != nil {
		return Gate{}, refuse(err)
	}
	if err := d.nonces.spend(nonce, now); err != nil {
		return Gate{}, refuse(err)
	}
	return g, nil
}

func readPayload(payload []byte) (nonce string, err error) {
	claims, err := strictjson.Parse(payload)
	if err != nil {
		return "", err
	}
	if audience, _ := claims.Member("aud"); audience.Kind != strictjson.String || audience.Text != ProofAudience {
		return "", fmt.Errorf("aud is not %q", ProofAudience)
	}
	issuedAt, _ := claims.Member("iat")
	if _, ok := issuedAt.Integer(); !ok {
		return "", errors.New("iat is not a whole number of seconds")
	}
	text, _ := claims.Member("nonce")
	if text.Kind != strictjson.String {
		return "", errors.New("nonce is not a string")
	}
	return text.Text, nil
}

func refuse(cause error) error {
	var refused *code.Error
	if errors.As(cause, &refused) && refused.Detail != "" {
		return fmt.Errorf("%w: %s", ErrProofRefused, refused.Detail)
	}
	return fmt.Errorf("%w: %v", ErrProofRefused, cause)
}

// onP256 also finds points that are not on the curve they name.
func onP256(key *ecdsa.PublicKey) bool {
	if key == nil || key.Curve != elliptic.P256() {
		return false
	}
	_, err := key.Bytes()
	return err == nil
}
