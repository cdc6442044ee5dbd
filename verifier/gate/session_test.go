package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// proof writes what a gate signs.
func proof(t *testing.T, signer credentialtest.Key, id, nonce string) string {
	t.Helper()
	return credentialtest.MustSign(t, signer, header(id), payload(nonce))
}

func header(id string) string {
	return fmt.Sprintf(`{"alg":"ES256","typ":%q,"kid":%q}`, gate.ProofType, id)
}

func payload(nonce string) string {
	return fmt.Sprintf(`{"aud":%q,"nonce":%q,"iat":%d}`, gate.ProofAudience, nonce, start.Unix())
}

func (f *fixture) open(t *testing.T, g gate.Gate, signer credentialtest.Key) string {
	t.Helper()
	session, _, err := f.Open(t.Context(), proof(t, signer, g.ID, f.Nonce()))
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestOpen_SessionIsTheGates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	paired := f.pair(t, key)
	f.Move(time.Second)
	session, opened, err := f.Open(t.Context(), proof(t, key, paired.ID, f.Nonce()))
	if err != nil {
		t.Fatal(err)
	}
	g, err := f.Authenticate(t.Context(), session)
	if err != nil || g.ID != paired.ID || opened.ID != paired.ID || g.Policy != north.Policy || g.Access != north.Access {
		t.Errorf("opened %+v, authenticated %+v, %v", opened, g, err)
	}
	if want := start.Add(time.Second); !g.SeenAt.Equal(want) || !opened.SeenAt.Equal(want) {
		t.Errorf("seen at %v and %v, want %v", g.SeenAt, opened.SeenAt, want)
	}
	f.keepsNowhere(t, session)
}

func TestOpen_SurvivesARestartOfTheService(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session := f.open(t, f.pair(t, key), key)
	if _, err := f.desk(t, "contractors").Authenticate(t.Context(), session); err != nil {
		t.Error(err)
	}
}

func TestOpen_RefusesProofs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.pair(t, key).ID
	f.pair(t, credentialtest.NewKey("other"))
	sign := func(header, payload string) string { return credentialtest.MustSign(t, key, header, payload) }
	good := payload(f.Nonce())
	for name, c := range map[string]struct{ proof, detail string }{
		"empty":              {"", "segments"},
		"another gate's key": {proof(t, credentialtest.NewKey("other"), id, f.Nonce()), "not signed by this key"},
		"no kid":             {sign(`{"alg":"ES256","typ":"cyberbadge-gate+jwt"}`, good), "kid is missing"},
		"a badge's type":     {sign(strings.Replace(header(id), gate.ProofType, "kb+jwt", 1), good), "typ"},
		"no algorithm":       {sign(strings.Replace(header(id), "ES256", "none", 1), good), "alg"},
		"key in the header":  {sign(strings.Replace(header(id), "{", `{"jwk":{},`, 1), good), "no jwk"},
		"other audience":     {sign(header(id), strings.Replace(good, "gate-session", "gate", 1)), "aud"},
		"no audience":        {sign(header(id), strings.Replace(good, `"aud"`, `"audience"`, 1)), "aud"},
		"iat as text":        {sign(header(id), fmt.Sprintf(`{"aud":%q,"nonce":%q,"iat":"now"}`, gate.ProofAudience, f.Nonce())), "iat"},
		"no iat":             {sign(header(id), fmt.Sprintf(`{"aud":%q,"nonce":%q}`, gate.ProofAudience, f.Nonce())), "iat"},
		"no nonce":           {sign(header(id), fmt.Sprintf(`{"aud":%q,"iat":1}`, gate.ProofAudience)), "nonce is not a string"},
		"a member twice":     {sign(header(id), strings.Replace(good, "{", `{"iat":1,`, 1)), "twice"},
		"no JSON":            {sign(header(id), "nonce"), ""},
		"invented nonce":     {proof(t, key, id, strings.Repeat("A", 54)), "not one of this service"},
		"empty nonce":        {proof(t, key, id, ""), "not one of this service"},
		"nonce before start": {proof(t, key, id, f.desk(t, "contractors").Nonce()), "not one of this service"},
	} {
		session, g, err := f.Open(t.Context(), c.proof)
		fails(t, name, err, gate.ErrProofRefused)
		if session != "" || g.ID != "" || err != nil && !strings.Contains(err.Error(), c.detail) {
			t.Errorf("%s: %q, %+v, %v; want %q", name, session, g, err, c.detail)
		}
	}
}

func TestOpen_ProofSize(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.pair(t, key).ID
	seen := map[int]bool{}
	for spaces := range 4 {
		for extra := range gate.MaxProof {
			text := credentialtest.MustSign(t, key, strings.Repeat(" ", spaces)+header(id),
				strings.Repeat(" ", extra)+payload(f.Nonce()))
			if len(text) > gate.MaxProof+1 {
				break
			}
			if len(text) < gate.MaxProof || seen[len(text)] {
				continue
			}
			seen[len(text)] = true
			_, _, err := f.Open(t.Context(), text)
			if len(text) == gate.MaxProof {
				fails(t, "at the bound", err, nil)
			} else {
				fails(t, "beyond it", err, gate.ErrProofRefused)
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("sizes tried: %v", seen)
	}
}

func TestOpen_NonceIsGoodOnceAndForAMinute(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.pair(t, key).ID
	nonce, late := f.Nonce(), f.Nonce()
	f.Move(gate.NonceLife - time.Millisecond)
	if _, _, err := f.Open(t.Context(), proof(t, key, id, nonce)); err != nil {
		t.Errorf("a millisecond before the end: %v", err)
	}
	_, _, err := f.Open(t.Context(), proof(t, key, id, nonce))
	fails(t, "again", err, gate.ErrProofRefused)
	f.Move(time.Millisecond)
	_, _, err = f.Open(t.Context(), proof(t, key, id, late))
	fails(t, "after its end", err, gate.ErrProofRefused)
}

func TestOpen_ARefusedProofLeavesTheNonceGood(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, nonce := f.pair(t, key).ID, f.Nonce()
	_, _, err := f.Open(t.Context(), proof(t, credentialtest.NewKey("thief"), id, nonce))
	fails(t, "another key", err, gate.ErrProofRefused)
	if _, _, err := f.Open(t.Context(), proof(t, key, id, nonce)); err != nil {
		t.Error(err)
	}
}

func TestOpen_UnknownAndEndedGates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, _, err := f.Open(t.Context(), proof(t, key, "nobody", f.Nonce()))
	fails(t, "unknown", err, gate.ErrUnknownGate)

	g := f.pair(t, key)
	session := f.open(t, g, key)
	// Another process ends it, as the command line does.
	other, err := gate.NewDesk(gate.Config{Store: openStore(t, f.path), Now: f.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.End(t.Context(), g.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.Authenticate(t.Context(), session)
	fails(t, "a session of an ended gate", err, gate.ErrUnknownGate)
	_, _, err = f.Open(t.Context(), proof(t, key, g.ID, f.Nonce()))
	fails(t, "a new session of an ended gate", err, gate.ErrUnknownGate)
}

func TestOpen_PolicyThatIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.pair(t, key)
	session := f.open(t, g, key)
	without := f.desk(t)
	_, err := without.Authenticate(t.Context(), session)
	fails(t, "session", err, gate.ErrPolicyUnknown)
	_, _, err = without.Open(t.Context(), proof(t, key, g.ID, without.Nonce()))
	fails(t, "new session", err, gate.ErrPolicyUnknown)
}

func TestAuthenticate_SessionLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session := f.open(t, f.pair(t, key), key)
	f.Move(gate.SessionLife - time.Millisecond)
	if _, err := f.Authenticate(t.Context(), session); err != nil {
		t.Errorf("a millisecond before the end: %v", err)
	}
	f.Move(time.Millisecond)
	_, err := f.Authenticate(t.Context(), session)
	fails(t, "after its end", err, gate.ErrNoSession)
}

func TestAuthenticate_Nonsense(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session := f.open(t, f.pair(t, key), key)
	for _, text := range []string{"", "nonsense", session + "A", session[1:], session + "=", strings.Repeat("A", 43)} {
		_, err := f.Authenticate(t.Context(), text)
		fails(t, text, err, gate.ErrNoSession)
	}
}

func TestAuthenticate_OneMoreSessionReplacesTheOldest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, neighbour := f.pair(t, key), credentialtest.NewKey("neighbour")
	sessions := []string{f.open(t, f.pair(t, neighbour), neighbour)}
	for range gate.MaxSessions {
		sessions = append(sessions, f.open(t, g, key))
	}
	for i, session := range sessions {
		if _, err := f.Authenticate(t.Context(), session); err != nil {
			t.Errorf("session %d: %v", i, err)
		}
	}
	f.Move(-time.Hour) // a clock that was set back must not make the new one the oldest
	sessions = append(sessions, f.open(t, g, key))
	for i, session := range sessions {
		_, err := f.Authenticate(t.Context(), session)
		if i == 1 {
			fails(t, "the oldest", err, gate.ErrNoSession)
		} else if err != nil {
			t.Errorf("session %d: %v", i, err)
		}
	}
}

func TestAuthenticate_NotesThatAGateWorks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session := f.open(t, f.pair(t, key), key)
	for _, c := range []struct{ wait, seen time.Duration }{
		{59 * time.Second, 0},
		{time.Second, time.Minute},
		{30 * time.Second, time.Minute},
		{time.Hour, 61*time.Minute + 30*time.Second},
	} {
		f.Move(c.wait)
		g, err := f.Authenticate(t.Context(), session)
		if err != nil || !g.SeenAt.Equal(start.Add(c.seen)) {
			t.Errorf("seen at %v, %v; want %v", g.SeenAt, err, start.Add(c.seen))
		}
	}
	gates, err := f.Gates(t.Context())
	if err != nil || !gates[0].SeenAt.Equal(start.Add(61*time.Minute+30*time.Second)) {
		t.Errorf("gates %+v, %v", gates, err)
	}
}
