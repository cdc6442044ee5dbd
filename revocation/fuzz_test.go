package revocation

import (
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// FuzzOpen signs whatever it is given, so that the fuzzer reaches what lies behind
// the signature. Nothing may panic; an error has a code and comes with nothing.
func FuzzOpen(f *testing.F) {
	f.Add(header(), payloadWith(goodStatusList(f)))
	f.Add(header(), payloadWith(`{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`))
	f.Add(header(), `{"sub":"`+listURI+`","iat":1,"status_list":{"bits":8,"lst":"eJwDAAAAAAE"}}`)
	f.Add(`{"alg":"ES256","typ":"statuslist+jwt"}`, `{}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		token, err := Open(credentialtest.MustSign(t, credentialtest.ListKey, header, payload), listURI, listKeys)
		if err != nil {
			if code.Of(err) == code.Internal || token != (Token{}) {
				t.Fatalf("got %+v with %v", token, err)
			}
			return
		}
		checkOpened(t, token)
	})
}

// FuzzOpenText is FuzzOpen before the signature.
func FuzzOpenText(f *testing.F) {
	f.Add(credentialtest.MustSign(f, credentialtest.ListKey, header(), payloadWith(goodStatusList(f))))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := Open(text, listURI, listKeys)
		if err == nil {
			checkOpened(t, token)
		} else if code.Of(err) == code.Internal || token != (Token{}) {
			t.Fatalf("got %+v with %v", token, err)
		}
	})
}

func checkOpened(t *testing.T, token Token) {
	t.Helper()
	if token.URI != listURI || token.IssuedAt.Unix() <= 0 || token.List == nil || token.List.Len() == 0 {
		t.Fatalf("got %+v", token)
	}
	if _, err := token.List.Status(token.List.Len() - 1); err != nil {
		t.Fatal(err)
	}
	if _, err := token.List.Status(token.List.Len()); code.Of(err) != code.StatusIndexOutOfRange {
		t.Fatal(err)
	}
}
