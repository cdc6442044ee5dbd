package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

var directoryTests = []test{
	{"people are found by what they go by", peopleByName},
	{"a name that several go by is several people's", namesOfSeveral},
	{"who was erased goes by no name", erasedHasNoName},
	{"a group comes back until it is removed", groupComesBack},
	{"groups come in pages by id", groupPages},
	{"a group that breaks a rule is refused", groupInvalid},
}

func personIDs(t *testing.T, s store.Store, name string) string {
	t.Helper()
	ids, err := s.PersonIDs(t.Context(), name)
	check(t, err, nil)
	return strings.Join(ids, " ")
}

func usersNamed(t *testing.T, s store.Store, name string) string {
	t.Helper()
	found, err := s.PeopleByUserName(t.Context(), name)
	check(t, err, nil)
	var ids []string
	for _, p := range found {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, " ")
}

func peopleByName(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	all := People(3)
	for i := range all {
		all[i].UserName, all[i].Email = fmt.Sprintf("Müller%d@Vendor.example", i), fmt.Sprintf("É.%d@vendor.example", i)
	}
	mustImport(t, s, store.Import{People: all})
	for name, want := range map[string]string{
		"person-001": "person-001", "Person-001": "", "E-001": "person-001", "e-001": "",
		"Müller1@Vendor.example": "person-001", "MÜLLER1@VENDOR.EXAMPLE": "person-001", "müller1@vendor.example": "person-001", "müller1": "",
		"é.2@VENDOR.example": "person-002", "user1": "", "": "", "%": "", "nobody": "", strings.Repeat("x", store.MaxText+1): "",
	} {
		equal(t, "who goes by "+name, personIDs(t, s, name), want)
	}
	for name, want := range map[string]string{
		"MÜLLER1@VENDOR.EXAMPLE": "person-001", "É.1@vendor.example": "", "person-001": "", "": "",
	} {
		equal(t, "user "+name, usersNamed(t, s, name), want)
	}
	found, err := s.PeopleByUserName(t.Context(), "müller1@vendor.example")
	check(t, err, nil)
	equal(t, "person", found[0], all[1])
}

func namesOfSeveral(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	all := People(4)
	for i := range all {
		all[i].UserName, all[i].Email = "", "team@vendor.example"
	}
	all[0].UserName, all[0].Email = "Team@vendor.example", "TEAM@vendor.example" // twice, and one person
	all[3].UserName = "E-000"
	mustImport(t, s, store.Import{People: all})
	for name, want := range map[string]string{
		"team@vendor.example": "person-000 person-001", // no more are needed
		"E-000":               "person-000 person-003",
		"":                    "",
	} {
		equal(t, "who goes by "+name, personIDs(t, s, name), want)
	}
	all[1].UserName = "TEAM@VENDOR.EXAMPLE"
	mustImport(t, s, store.Import{People: all})
	equal(t, "users", usersNamed(t, s, "team@vendor.example"), "person-000 person-001")
}

func erasedHasNoName(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	check(t, s.ErasePerson(t.Context(), Erasure("person-000")), nil)
	for _, name := range []string{"person-000", "E-000", "user0"} {
		equal(t, "who goes by "+name, personIDs(t, s, name)+usersNamed(t, s, name), "")
	}
	equal(t, "who goes by the address", personIDs(t, s, "zoe@vendor.example"), "person-001 person-002")
}

// Group returns a group with that many members.
func Group(id string, members int) store.Group {
	list := make([]string, members)
	for i := range list {
		list[i] = fmt.Sprintf("person-%03d", i)
	}
	body, _ := json.Marshal(map[string]any{"id": id, "members": list}) // texts always marshal
	return store.Group{ID: id, Body: body}
}

func groupComesBack(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	_, err := s.Group(t.Context(), "g")
	check(t, err, store.ErrNotFound)
	quiet(t, s, func() {
		for members := range 3 {
			check(t, s.PutGroup(t.Context(), Group("g", members)), nil)
			got, err := s.Group(t.Context(), "g")
			check(t, err, nil)
			equal(t, "group", string(got.Body), string(Group("g", members).Body))
			equal(t, "id", got.ID, "g")
		}
		for range 2 {
			check(t, s.RemoveGroup(t.Context(), "g"), nil)
			_, err := s.Group(t.Context(), "g")
			check(t, err, store.ErrNotFound)
		}
	})
}

func groupPages(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	for _, id := range []string{"c", "a", "É", "b"} {
		check(t, s.PutGroup(t.Context(), Group(id, 1)), nil)
	}
	for after, want := range map[string]string{"": "a b", "a": "b c", "b": "c É", "c": "É", "É": ""} {
		page, err := s.Groups(t.Context(), after, 2)
		check(t, err, nil)
		var ids []string
		for _, g := range page {
			ids = append(ids, g.ID)
		}
		equal(t, "behind "+after, strings.Join(ids, " "), want)
	}
	for _, limit := range []int{-1, 0, store.MaxPage + 1} {
		_, err := s.Groups(t.Context(), "", limit)
		check(t, err, store.ErrInvalid)
	}
}

func groupInvalid(t *testing.T, open Opener) {
	s := opened(t, open, Config{})
	of := func(bytes int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat("x", bytes-2) + `"`) }
	check(t, s.PutGroup(t.Context(), store.Group{ID: "g", Body: of(store.MaxGroup)}), nil)
	for _, bad := range []store.Group{
		{ID: "g", Body: of(store.MaxGroup + 1)}, {ID: "", Body: of(2)}, {ID: "g", Body: json.RawMessage(`{`)}, {ID: "g"}, {ID: "g", Body: json.RawMessage("\"\xff\"")},
	} {
		check(t, s.PutGroup(t.Context(), bad), store.ErrInvalid)
	}
}
