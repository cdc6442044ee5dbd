package bundle_test

import (
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// FuzzOpen: what is taken is what was sealed, to the byte, and everything else is
// refused with a code and nothing.
func FuzzOpen(f *testing.F) {
	text := seal(f, sample(f))
	f.Add(text)
	f.Add(seal(f, later(f)))
	f.Add(text[:len(text)/2])
	f.Add("\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := bundle.Open(text, rules(t))
		if err != nil {
			if c := code.Of(err); c != code.BundleInvalid && c != code.BundleNotForUs && c != code.BundleStale || b != nil {
				t.Fatalf("%v, %v", b, err)
			}
			return
		}
		if again := seal(t, *b); again != text {
			t.Fatalf("%q was taken, and is not what is sealed: %q", text, again)
		}
	})
}

// FuzzApply: whatever a delta says, a bundle comes out that is whole, or none.
func FuzzApply(f *testing.F) {
	old := seal(f, sample(f))
	delta, err := bundle.Delta(old, seal(f, later(f)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(delta)
	f.Add(delta[:len(delta)/2])
	f.Add("delta 41 \n=1\n=2\n=3\n=4\n")
	f.Fuzz(func(t *testing.T, delta string) {
		whole, err := bundle.Apply(delta, old)
		if err != nil {
			if code.Of(err) != code.BundleInvalid || whole != "" {
				t.Fatalf("%q, %v", whole, err)
			}
			return
		}
		if _, err := bundle.Inspect(whole); err != nil {
			t.Fatalf("what came out is no bundle: %v", err)
		}
	})
}
