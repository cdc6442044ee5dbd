package microsoft

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
)

func TestNew_ReportsEveryProblemAtOnceWithItsOwner(t *testing.T) {
	t.Parallel()
	const nothing = "graph: Tenant must be the tenant's id or domain\ngraph: ClientID is empty\ngraph: ClientSecret is empty\ngraph: Client is missing"
	if _, err := New("graph", Config{}); err == nil || err.Error() != nothing {
		t.Errorf("%v", err)
	}
	client := outboundtest.Client(t, outbound.Config{})
	const addresses = "graph: GraphURL: outbound: fetch_blocked: the URL's scheme must be https\n" +
		"graph: LoginURL: outbound: fetch_blocked: 10.0.0.1: the address is not called (private)"
	_, err := New("graph", Config{
		Tenant: "t", ClientID: "c", ClientSecret: "s", GraphURL: "http://graph.example", LoginURL: "https://10.0.0.1", Client: client,
	})
	if err == nil || err.Error() != addresses {
		t.Errorf("%v", err)
	}
	for tenant, good := range map[string]bool{
		strings.Repeat("t", 255): true, strings.Repeat("t", 256): false, "vendor.example": true, "a/b": false, "a?b": false,
	} {
		application, err := New("graph", Config{Tenant: tenant, ClientID: "c", ClientSecret: "s", Client: client})
		if (err == nil) != good {
			t.Errorf("%.20s: %v", tenant, err)
		}
		if good && application.GraphURL != DefaultGraphURL {
			t.Errorf("Graph is at %s", application.GraphURL)
		}
	}
}

func TestTokens_AreForGraphAndFromTheTenant(t *testing.T) {
	t.Parallel()
	var path, scope string
	address, client := outboundtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, scope = r.URL.Path, r.FormValue("scope")
		_, _ = w.Write([]byte(`{"token_type":"Bearer","expires_in":3600,"access_token":"token-1"}`))
	}))
	application, err := New("graph", Config{
		Tenant: "vendor.example", ClientID: "c", ClientSecret: "s", GraphURL: address + "/graph/", LoginURL: address + "/", Client: client,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := application.Token(t.Context(), "")
	if err != nil || token != "token-1" || path != "/vendor.example/oauth2/v2.0/token" || scope != address+"/graph/.default" {
		t.Errorf("%q %v from %s for %s", token, err, path, scope)
	}
	if application.GraphURL != address+"/graph" {
		t.Errorf("Graph is at %s", application.GraphURL)
	}
}
