package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/scim"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestSCIM_GroupsAreKept(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	var made, found struct {
		ID, DisplayName string
		Members         []struct{ Value string }
	}
	o.scim(t, "POST", "/Groups", `{"displayName":"Engineers","members":[{"value":"a"}]}`).decode(t, http.StatusCreated, &made)
	if answer := o.scim(t, "PATCH", "/Groups/"+made.ID, `{"Operations":[{"op":"Add","path":"members","value":[{"value":"b"}]}]}`); answer.status >= 300 {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	// It is in the database, and not in the server's memory.
	if kept, err := o.store.Group(t.Context(), made.ID); err != nil || !strings.Contains(string(kept.Body), `"Engineers"`) {
		t.Errorf("%s, %v", kept.Body, err)
	}
	o.scim(t, "GET", "/Groups/"+made.ID, "").decode(t, http.StatusOK, &found)
	if found.ID != made.ID || found.DisplayName != "Engineers" || len(found.Members) != 2 {
		t.Errorf("got %+v", found)
	}
	var list struct{ TotalResults int }
	o.scim(t, "GET", "/Groups", "").decode(t, http.StatusOK, &list)
	if list.TotalResults != 1 {
		t.Errorf("%d groups", list.TotalResults)
	}
	if answer := o.scim(t, "DELETE", "/Groups/"+made.ID, ""); answer.status != http.StatusNoContent {
		t.Errorf("%d %s", answer.status, answer.body)
	}
	o.scim(t, "GET", "/Groups/"+made.ID, "").scimError(t, http.StatusNotFound, "")
}

func TestGroups_TooLargeToKeepIsRefused(t *testing.T) {
	t.Parallel()
	o := open(t, options{})
	kept := groups{o.program.Groups()}
	group := scim.Group{ID: "g", DisplayName: "x"}
	for n := range 10 {
		group.Members = append(group.Members, fmt.Sprint(n, strings.Repeat("x", store.MaxGroup/10)))
	}
	if err := kept.PutGroup(t.Context(), group); scim.Of(err).Status != http.StatusBadRequest {
		t.Errorf("got %v", err)
	}
	group.Members = group.Members[1:]
	if err := kept.PutGroup(t.Context(), group); err != nil {
		t.Error(err)
	}
}
