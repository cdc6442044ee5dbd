package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/server"
)

const trustList = `{"issuers": [{
  "issuer": "https://badge.vendor.example",
  "types": ["https://badge.vendor.example/vct/cyber-badge/1"],
  "keys": [{"kid": "badges-1", "kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}],
  "lists": {
    "under": "https://badge.vendor.example/status-lists/",
    "keys": [{"kid": "lists-1", "kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]
  }
}]}`

// A bad badge is an answer: 200 and a decision that denies. A bad call is a
// problem.
func ExampleServer_Handler() {
	trust, err := verifier.ParseTrust([]byte(trustList))
	if err != nil {
		fmt.Println(err)
		return
	}
	gate, err := verifier.New(verifier.Config{Trust: trust})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer gate.Close()
	service, err := server.New(server.Config{Verifier: gate, Site: "plant 7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	running := httptest.NewServer(service.Handler())
	defer running.Close()

	for _, body := range []string{
		`{"presentation": "no badge at all", "access": "onsite"}`,
		`{"presentation": "no badge at all"}`,
	} {
		response, err := http.Post(running.URL+"/v1/verify", "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			fmt.Println(err)
			return
		}
		response.Body.Close()
		fmt.Println(response.StatusCode,
			strings.Contains(string(answer), `"allow":false,"reason":"malformed"`),
			strings.Contains(string(answer), `"code":"access_unknown"`))
	}
	// Output:
	// 200 true false
	// 400 false true
}
