package revocation

import (
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

func TestSignRefusesWhatAVerifierWouldNotTake(t *testing.T) {
	t.Parallel()
	list, err := NewList(MinEntries)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := list.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signer := Signer{Key: credentialtest.ListKey, KeyID: "1"}
	good := Token{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), TTL: time.Second}
	if _, err := signer.Sign(good, encoded); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Token, *Encoded){
		"no URI":             func(token *Token, _ *Encoded) { token.URI = "" },
		"no list":            func(_ *Token, list *Encoded) { *list = Encoded{} },
		"ttl under a second": func(token *Token, _ *Encoded) { token.TTL = time.Second - 1 },
		"exp at iat":         func(token *Token, _ *Encoded) { token.Expires = token.IssuedAt },
		"seq beyond":         func(token *Token, _ *Encoded) { token.Seq = MaxSeq + 1 },
		"no exp":             func(token *Token, _ *Encoded) { token.Expires = time.Time{} },
	} {
		token, list := good, encoded
		change(&token, &list)
		if _, err := signer.Sign(token, list); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if _, err := (Signer{}).Sign(good, encoded); err == nil {
		t.Error("signed without a key")
	}
	tooLarge := Encoded{bits: 2, text: strings.Repeat("A", MaxTokenSize)}
	_, err = signer.Sign(good, tooLarge)
	wantCode(t, err, code.StatusTooLarge)
}
