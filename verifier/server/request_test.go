package server

import (
	"encoding/json"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
)

// What is accepted means the same to encoding/json, which is how callers write
// it.
func FuzzParseCall(f *testing.F) {
	f.Add([]byte(`{"presentation":"a~b","access":"onsite","site":"S\u00fcd","nonce":"n","audience":"https:\/\/x"}`))
	f.Add([]byte(`{"presentation":"x","access":"remote"}`))
	f.Add([]byte(`{"presentation":"x","access":"remote","nonce":"","audience":""}`))
	f.Add([]byte(`{"presentation":"x","Access":"remote","access":"onsite"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		call, err := parseCall(body)
		if err != nil {
			return
		}
		request, err := call.request()
		if err != nil {
			return
		}
		var want struct {
			Presentation, Site, Nonce, Audience string
			Access                              credential.Access
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if call.presentation != want.Presentation || request.Access != want.Access || request.Site != want.Site ||
			request.Nonce != want.Nonce || request.Audience != want.Audience {
			t.Errorf("%q: %+v, encoding/json reads %+v", body, call, want)
		}
		if (request.Nonce == "") != (request.Audience == "") {
			t.Errorf("%q: half a challenge: %+v", body, request)
		}
	})
}
