package qr_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/qr"
)

// The dictionary decides what every code in existence means.
func TestDictionary_NeverChanges(t *testing.T) {
	t.Parallel()
	const frozen = "4935a1bea55876f0d8d2dc5b35eec093ee39ab6793381025c534ab5716ecd47a"
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(qr.Dictionary))); got != frozen {
		t.Errorf("the dictionary was changed: %s. A new dictionary needs new formats", got)
	}
}

// docs/gate-code.md is what somebody else would write an unpacker from.
func TestDocument_HoldsTheDictionaryAndAWorkedExample(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/gate-code.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(before string) string {
		_, after, _ := strings.Cut(string(data), before+"\n```\n")
		text, _, found := strings.Cut(after, "\n```\n")
		if !found {
			t.Fatalf("no block after %q", before)
		}
		return text
	}
	dictionary, err := base64.StdEncoding.DecodeString(block("in base64:"))
	if err != nil || string(dictionary) != qr.Dictionary {
		t.Errorf("the dictionary is another one: %v", err)
	}
	if got, err := qr.Unpack(block("The code")); err != nil || got != block("and restores") {
		t.Errorf("the example restores %q, %v", got, err)
	}
}

// The package goes into WebAssembly and into programs that embed a verifier.
func TestImports_AreTheCodesAndTheStandardLibraryWithoutTheNetwork(t *testing.T) {
	t.Parallel()
	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if or (not .Standard) (eq .ImportPath \"net\" \"net/http\" \"crypto/tls\")}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/cyberbadge/cyberbadge/"
	want := []string{module + "credential/code", module + "credential/qr"}
	if got := strings.Fields(string(list)); !slices.Equal(got, want) {
		t.Errorf("imports %v, want %v", got, want)
	}
}
