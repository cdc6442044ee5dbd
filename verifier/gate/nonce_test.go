package gate

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNonces_RememberTheUsedOnesOrRefuse(t *testing.T) {
	t.Parallel()
	var n nonces
	now := time.Unix(1_800_000_000, 0)
	for i := range MaxNonces {
		if err := n.remember(fmt.Sprint(i), now.Add(time.Minute), now); err != nil {
			t.Fatalf("nonce %d: %v", i, err)
		}
	}
	if err := n.remember("one more", now.Add(time.Minute), now.Add(time.Minute-1)); err == nil || !strings.Contains(err.Error(), "too many sessions") {
		t.Errorf("nonce %d: %v", MaxNonces, err)
	}
	if err := n.remember("later", now.Add(2*time.Minute), now.Add(time.Minute)); err != nil || len(n.spent) != 1 {
		t.Errorf("when all have expired: %v, %d remembered", err, len(n.spent))
	}
}

func TestNonces_EveryChangedBitCounts(t *testing.T) {
	t.Parallel()
	var n nonces
	now := time.Unix(1_800_000_000, 0)
	good := n.make(now)
	for i := range good {
		for _, c := range "AQgw" {
			changed := good[:i] + string(c) + good[i+1:]
			if changed == good {
				continue
			}
			if err := n.spend(changed, now); err == nil {
				t.Errorf("%q is taken for %q", changed, good)
			}
		}
	}
	if err := n.spend(good, now); err != nil {
		t.Error(err)
	}
}

func TestCode_Alphabet(t *testing.T) {
	t.Parallel()
	seen := map[rune]bool{}
	for range 1000 {
		code := newCode()
		for _, c := range strings.ReplaceAll(code, "-", "") {
			seen[c] = true
		}
		if again, ok := readCode(code); !ok || again != code {
			t.Fatalf("%q is read as %q, %v", code, again, ok)
		}
	}
	if len(seen) != 32 || strings.ContainsAny(fmt.Sprint(seen), "ILOU-") {
		t.Errorf("letters of codes: %v", seen)
	}
}
