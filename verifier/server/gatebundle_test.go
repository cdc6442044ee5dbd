package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/verifier"
)

func TestBundle_SizeIsBounded(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	half := strings.Repeat("x", MaxBundle/2)
	lists := []verifier.List{{Issuer: "i", URI: "1", Token: half}, {Issuer: "i", URI: "2", Token: half}}
	for extra, want := range map[string]int{"": 2, "x": 1} {
		lists[1].Token = half + extra
		b := &bundles{logger: slog.New(slog.NewTextHandler(&log, nil))}
		made, err := b.of(&verifier.Trust{}, nil, lists)
		if err != nil {
			t.Fatal(err)
		}
		var got bundle
		if err := json.Unmarshal(made.text, &got); err != nil || len(got.Lists) != want {
			t.Errorf("%d bytes more: %d lists, want %d (%v)", len(extra), len(got.Lists), want, err)
		}
	}
	if n := strings.Count(log.String(), "left out"); n != 1 {
		t.Errorf("%d warnings: %s", n, &log)
	}
}

func TestBundle_IsMadeAnewOnlyWhenAListHasChanged(t *testing.T) {
	t.Parallel()
	b, trust := &bundles{logger: slog.New(slog.DiscardHandler)}, &verifier.Trust{}
	of := func(tokens ...string) *snapshot {
		t.Helper()
		var lists []verifier.List
		for _, token := range tokens {
			lists = append(lists, verifier.List{Issuer: "i", URI: "u", Token: token})
		}
		made, err := b.of(trust, nil, lists)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	one := of("a")
	if of("a") != one {
		t.Error("the same lists were packed twice")
	}
	if two := of("b"); two.tag == one.tag {
		t.Error("another list with the same tag")
	}
	if again := of("a"); again.tag != one.tag {
		t.Error("the same lists with another tag")
	}
	held := of("a")
	trust = &verifier.Trust{}
	if of("a") == held {
		t.Error("another trust list was not packed")
	}
}
