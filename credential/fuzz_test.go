package credential_test

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

func seed(f *testing.F) {
	files, err := credentialtest.ReadVectors(vectorDirectory)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		for i, v := range file.Vectors {
			if i%4 == 0 && len(v.Input) < 4096 {
				f.Add(v.Input)
			}
		}
	}
	f.Add(credentialtest.MustIssue(f, credentialtest.Claims()))
	f.Add(shown(f))
}

// FuzzOpen: nothing is returned with an error; what opens was signed by the
// issuer's key and can be disclosed and opened again.
func FuzzOpen(f *testing.F) {
	seed(f)
	opener := credential.Opener{Keys: credentialtest.Keys{}}
	f.Fuzz(func(t *testing.T, text string) {
		badge, err := opener.Open(text)
		if err != nil {
			if badge != nil || code.Of(err) == code.Internal {
				t.Errorf("%+v beside %v", badge, err)
			}
			return
		}
		if badge.Issuer != credentialtest.IssuerURL || badge.Type != credentialtest.BadgeType || badge.Subject == "" || badge.HolderKey == nil {
			t.Errorf("opened %+v", badge)
		}
		less, err := credential.Disclose(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := opener.Open(less)
		if err != nil {
			t.Fatal(err)
		}
		if again.Subject != badge.Subject || again.Status != badge.Status || !again.Expires.Equal(badge.Expires) {
			t.Errorf("disclosing less changed %+v to %+v", badge, again)
		}
	})
}

// FuzzOpenPresentation: nothing is returned with an error; what opens is an SD-JWT
// by its characters; and a proof that is accepted commits to all before it.
func FuzzOpenPresentation(f *testing.F) {
	seed(f)
	opener := credential.Opener{Keys: credentialtest.Keys{}}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := opener.OpenPresentation(text)
		if err != nil {
			if p != nil || code.Of(err) == code.Internal {
				t.Errorf("%+v beside %v", p, err)
			}
			return
		}
		bound := text[:strings.LastIndexByte(text, '~')+1]
		for _, r := range bound {
			if r > 127 || !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", r) {
				t.Fatalf("%q in what was opened", r)
			}
		}
		if p.HasProof() != (bound != text) {
			t.Errorf("proof: %t", p.HasProof())
		}
		proof, err := p.CheckProof(gateRules)
		if err != nil {
			if proof != (credential.Proof{}) || code.Of(err) == code.Internal {
				t.Errorf("%+v beside %v", proof, err)
			}
			return
		}
		_, _, disclosures, jwt := credentialtest.Parts(t, text)
		if len(disclosures) == 0 {
			return
		}
		fewer := bound[:len(bound)-1-len(disclosures[len(disclosures)-1])] + jwt
		if err := open(fewer); code.Of(err) != code.ProofHash && err == nil {
			t.Errorf("a proof outlived the disclosure %q", disclosures[len(disclosures)-1])
		}
	})
}
