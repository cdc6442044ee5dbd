//go:build pages

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// phones adds what the tests of the phone's page need: an office that invites
// another person each time, and a customer's gate.
func (f *fixture) phones(t *testing.T, mux *http.ServeMux) {
	t.Helper()
	gate := f.gate(t)
	answer := func(pattern string, work func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			result, err := work(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(result)
		})
	}
	answer("POST /phones/invitation", func(r *http.Request) (any, error) {
		person, err := f.lapsed(r.Context())
		if !r.URL.Query().Has("lapsed") {
			person, err = f.nextPerson(r.Context())
		}
		if err != nil {
			return nil, err
		}
		call := httptest.NewRequestWithContext(r.Context(), "POST", "/v1/people/"+url.PathEscape(person)+"/invitations", nil)
		recorder := httptest.NewRecorder()
		f.office.ServeHTTP(recorder, call)
		if recorder.Code != http.StatusCreated {
			return nil, fmt.Errorf("inviting: %d %s", recorder.Code, recorder.Body)
		}
		return json.RawMessage(recorder.Body.Bytes()), nil
	})
	answer("POST /phones/decision", func(r *http.Request) (any, error) {
		code, err := io.ReadAll(r.Body)
		return gate.Verify(r.Context(), string(code), verifier.Request{Access: credential.Onsite}), err
	})
	answer("POST /phones/dismissal/{person}", func(r *http.Request) (any, error) {
		return nil, f.dismiss(r.Context(), r.PathValue("person"))
	})
}

// gate is a customer's verifier.
func (f *fixture) gate(t *testing.T) *verifier.Verifier {
	t.Helper()
	answer, err := http.Get(f.url + "/trust-list.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := verifier.ParseTrust(text)
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(address.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := fetch.New(fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{uint16(port)}})
	if err != nil {
		t.Fatal(err)
	}
	gate, err := verifier.New(verifier.Config{Trust: trust, Fetcher: lists})
	if err != nil {
		t.Fatal(err)
	}
	return gate
}

// lapsed is somebody whose training has expired, and whose equipment is not well.
func (f *fixture) lapsed(ctx context.Context) (string, error) {
	var found string
	err := f.program.Standings(ctx, time.Now(), func(s issuer.Standing) error {
		has := func(prefix string) bool {
			return slices.ContainsFunc(s.Reasons, func(r policy.Reason) bool { return strings.HasPrefix(string(r.Kind), prefix) })
		}
		if has("training-expired") && has("device-") && !has("not-employed") {
			found = s.Person.ID
		}
		return nil
	})
	if found == "" && err == nil {
		err = errors.New("nobody's training has expired")
	}
	return found, err
}

// eligible is the nth person who may have a badge for work on site, and a stock
// of badges that no change of standing cuts short.
func (f *fixture) eligible(ctx context.Context, n int) (string, error) {
	var found string
	err := f.program.Standings(ctx, time.Now(), func(s issuer.Standing) error {
		lasts := s.ChangesAt.IsZero() || time.Until(s.ChangesAt) > 3*issuer.DefaultBadgeLife
		if s.Eligible && len(s.Access) == 2 && lasts {
			if n--; n == 0 {
				found = s.Person.ID
			}
		}
		return nil
	})
	if found == "" && err == nil {
		err = errors.New("too few people are eligible")
	}
	return found, err
}

// dismiss has the people's system say that somebody left.
func (f *fixture) dismiss(ctx context.Context, id string) error {
	person, err := f.program.Person(ctx, id)
	if err != nil {
		return err
	}
	text, err := sample.At(sample.People, time.Now())
	if err != nil {
		return err
	}
	var list map[string]any
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	resources, _ := list["Resources"].([]any)
	for _, each := range resources {
		if user, ok := each.(map[string]any); ok && user["externalId"] == person.ExternalID {
			user["active"] = false
		}
	}
	changed, err := json.Marshal(list)
	if err != nil {
		return err
	}
	_, err = f.program.Import(ctx, issuer.Files{People: bytes.NewReader(changed)}, "test")
	return err
}
