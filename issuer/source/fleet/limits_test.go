package fleet_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/fleet"
	"github.com/cyberbadge/cyberbadge/issuer/source/sourcetest"
)

func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	hosts := fleet.MaxPages - 1 // one a page; the last page is empty
	address, client := sourcetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		after, _ := strconv.Atoi(r.URL.Query().Get("after")) // always a number
		if after == hosts {
			fmt.Fprint(w, `{"hosts":[]}`)
			return
		}
		fmt.Fprintf(w, `{"hosts":[{"id":%d}]}`, after+1)
	}))
	m, err := fleet.New(fleet.Config{URL: address, Token: "x", Directory: people{}, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	if got := listing(t, m); len(got.Devices.Records) != hosts {
		t.Errorf("at the bound: %d hosts", len(got.Devices.Records))
	}
	hosts++
	if got, err := m.Changes(t.Context(), ""); !errors.Is(err, source.ErrTooLong) || len(got.Devices.Records) != 0 {
		t.Errorf("past the bound: %v", err)
	}
}
