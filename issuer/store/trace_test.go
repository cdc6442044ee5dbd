package store_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// vera is somebody all of whose fields are set.
func vera() evidence.Person {
	return evidence.Person{
		ID: "p", ExternalID: "0700004", UserName: "vera", Active: true, Role: "technician", GivenName: "Vera", FamilyName: "Ölander",
		DisplayName: "Vera Ö.", Email: "vera@vendor.example", Language: "sv", EmployeeNumber: "700004", Organization: "Vendor",
		Department: "Field", ManagerID: "m", Modified: time.Date(2026, 11, 23, 8, 0, 0, 5000, time.UTC),
	}
}

// The hash is what its documentation says: this one was made by
//
//	printf '6:person,1:p,7:0700004,4:vera,4:true,10:technician,4:Vera,8:Ölander,8:Vera Ö.,19:vera@vendor.example,2:sv,6:700004,6:Vendor,5:Field,1:m,16:1795420800000005,' |
//	openssl dgst -sha256 -mac HMAC -macopt hexkey:0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
func TestSalt_HashesARecordAsDocumented(t *testing.T) {
	t.Parallel()
	var salt store.Salt
	for i := range salt {
		salt[i] = byte(i + 1)
	}
	if got, want := salt.Person(vera()), "3271c4990a663f73894fd2b28e549d8f01a1c4c3a5831de43aeaabfbc2c35156"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSalt_EveryFieldCounts(t *testing.T) {
	t.Parallel()
	seen := map[string]string{store.Salt{}.Person(vera()): "nothing", store.Salt{1}.Person(vera()): "the salt"}
	if len(seen) != 2 {
		t.Error("the salt does not count")
	}
	for i := range reflect.TypeFor[evidence.Person]().NumField() {
		p := vera()
		field := reflect.ValueOf(&p).Elem().Field(i)
		field.SetZero()
		name := reflect.TypeFor[evidence.Person]().Field(i).Name
		hash := store.Salt{}.Person(p)
		if other, twice := seen[hash]; twice {
			t.Errorf("without %s the hash is that without %s", name, other)
		}
		seen[hash] = name
	}
	// What moves from one field to the next is another record.
	a, b := vera(), vera()
	a.GivenName, a.FamilyName = "Ve", "ra"
	b.GivenName, b.FamilyName = "Vera", ""
	if (store.Salt{}).Person(a) == (store.Salt{}).Person(b) {
		t.Error("fields run into each other")
	}
}

func TestSalt_NoPortraitHasNoHash(t *testing.T) {
	t.Parallel()
	if got := (store.Salt{}).Portrait(portrait.Digest{}); got != "" {
		t.Errorf("got %s", got)
	}
	if got := (store.Salt{}).Portrait(portrait.Digest{1}); len(got) != 64 || got == (store.Salt{1}).Portrait(portrait.Digest{1}) {
		t.Errorf("got %s", got)
	}
}

func TestIdentifiers_AreFoldedAndThereOnce(t *testing.T) {
	t.Parallel()
	p := vera()
	p.UserName, p.EmployeeNumber = "Vera@Vendor.example", ""
	if got := strings.Join(store.Identifiers(p), " "); got != "p 0700004 vera@vendor.example" {
		t.Errorf("got %q", got)
	}
	if got := store.Identifiers(evidence.Person{}); got != nil {
		t.Errorf("got %q of nobody", got)
	}
}
