package verifier_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/verifiertest"
)

// closedReasons is the set that people and policies rely on.
var closedReasons = []string{
	"access_not_granted", "bad_disclosure", "bad_signature", "expired", "holder_binding_invalid",
	"holder_binding_missing", "internal_error", "malformed", "not_yet_valid", "ok", "policy_denied", "replayed",
	"revoked", "stale_presentation", "status_stale", "status_unavailable", "suspended", "unknown_key",
	"unsupported", "untrusted_issuer",
}

// neverDecided are the codes that no decision gives.
var neverDecided = []code.Code{
	code.Internal,                                 // of what went wrong inside
	code.ClaimNameInvalid, code.ClaimValueInvalid, // what an issuer refuses to sign
	code.BundleInvalid, code.BundleRollback, code.BundleNotForUs, // what is not taken in, and so decides nothing
}

// constants returns the values of the constants of one type in a Go file, as the
// source has them: a list in a test would forget the next one.
func constants(t *testing.T, path, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typeName {
			return true
		}
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, text)
		}
		return true
	})
	slices.Sort(values)
	return values
}

func TestReasonsAreTheClosedSet(t *testing.T) {
	t.Parallel()
	if got := constants(t, "reason.go", "Reason"); !slices.Equal(got, closedReasons) {
		t.Errorf("got %q,\nwant %q", got, closedReasons)
	}
}

func TestEveryCodeBelongsToAReason(t *testing.T) {
	t.Parallel()
	codes := constants(t, "../credential/code/code.go", "Code")
	if len(codes) < 60 {
		t.Fatalf("only %d codes found", len(codes))
	}
	used := make(map[verifier.Reason]bool)
	for _, text := range codes {
		c := code.Code(text)
		reason := verifier.ReasonFor(c)
		used[reason] = true
		if internal := reason == verifier.InternalError; internal != slices.Contains(neverDecided, c) {
			t.Errorf("code %q has the reason %q", c, reason)
		}
		if !slices.Contains(closedReasons, string(reason)) {
			t.Errorf("code %q has the reason %q, which is not of the set", c, reason)
		}
	}
	for _, reason := range closedReasons {
		if reason != "ok" && !used[verifier.Reason(reason)] {
			t.Errorf("no code has the reason %q", reason)
		}
	}
}

func TestReasonForOtherCodes(t *testing.T) {
	t.Parallel()
	if got := verifier.ReasonFor(""); got != verifier.OK {
		t.Errorf("no code: %q", got)
	}
	if got := verifier.ReasonFor("a_code_of_the_future"); got != verifier.InternalError {
		t.Errorf("an unknown code: %q", got)
	}
}

// notInTable are codes that a decision can give but no case of the table of
// attacks reaches, with the reason.
var notInTable = map[code.Code]string{
	code.BundleStale:        "it takes a verifier that runs from a bundle",
	code.StatusEquivocation: "the list that is known stays, and the decision rests on that",
	code.StatusSignalled:    "it takes a signal that came before",
	code.StatusRollback:     "the newer list stays, and the decision rests on that",
}

func TestTheTableOfAttacksReachesEveryCode(t *testing.T) {
	t.Parallel()
	reached := make(map[code.Code]bool)
	cases := verifiertest.Cases(t)
	for _, c := range cases {
		reached[c.Code] = true
	}
	for _, text := range constants(t, "../credential/code/code.go", "Code") {
		c := code.Code(text)
		_, excused := notInTable[c]
		decided := !slices.Contains(neverDecided, c) && !excused
		if decided && !reached[c] {
			t.Errorf("no case has the code %q", c)
		}
		if excused && reached[c] {
			t.Errorf("code %q is reached; take it off the list", c)
		}
	}
	if len(cases) < 60 {
		t.Errorf("only %d cases", len(cases))
	}
}
