package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/internal/outbound/outboundtest"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

func TestPictureClient_GoesWhereStatusListsMayComeFrom(t *testing.T) {
	t.Parallel()
	var accepted string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		accepted = r.Header.Get("Accept")
		switch r.URL.Path {
		case "/large":
			_, _ = w.Write(make([]byte, verifierserver.MaxPicture+1))
		case "/fits":
			_, _ = w.Write(make([]byte, verifierserver.MaxPicture))
		case "/moved":
			http.Redirect(w, r, "/fits", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	ports := outboundtest.Reach(t, server).AllowPorts
	open := fetchSection{AllowPorts: ports, InsecureAllowLoopback: true}
	closed := fetchSection{AllowPorts: ports}
	fetch := func(s fetchSection, address string) ([]byte, error) {
		t.Helper()
		client, err := s.pictureClient()
		if err != nil {
			t.Fatal(err)
		}
		return client.FetchPicture(t.Context(), address)
	}
	if content, err := fetch(open, server.URL+"/fits"); err != nil || len(content) != verifierserver.MaxPicture {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	if accepted != "image/jpeg, image/png, image/webp" {
		t.Errorf("asked for %s", accepted)
	}
	for address, want := range map[string]outbound.Code{
		server.URL + "/large":            outbound.CodeTooLarge,
		server.URL + "/moved":            outbound.CodeRedirectRefused,
		"http://badge.vendor.example/p/": outbound.CodeBlocked,
		"https://169.254.169.254/":       outbound.CodeBlocked,
		"http://127.0.0.1:1/":            outbound.CodeBlocked,
		"http://[::1":                    outbound.CodeBlocked,
	} {
		var refused *outbound.Error
		if _, err := fetch(open, address); !errors.As(err, &refused) || refused.Code != want {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
	if _, err := fetch(open, server.URL+"/missing"); err == nil || !strings.Contains(err.Error(), "HTTP status 404") {
		t.Errorf("missing: %v", err)
	}
	if _, err := fetch(closed, server.URL+"/fits"); outbound.CodeOf(err) != outbound.CodeBlocked {
		t.Errorf("this machine, unless it is allowed: %v", err)
	}
	bad := fetchSection{AllowPrivateNetworks: []string{"10.0.0.0"}}
	if _, err := bad.pictureClient(); err == nil || !strings.Contains(err.Error(), "allow_private_networks") {
		t.Errorf("a network that is none: %v", err)
	}
}
