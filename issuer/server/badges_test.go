package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation"
	"github.com/cyberbadge/cyberbadge/verifier"
)

// fetcher gets status lists over HTTP.
type fetcher struct{}

func (fetcher) Fetch(ctx context.Context, uri string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, "GET", uri, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d: %s", response.StatusCode, text)
	}
	return string(text), err
}

// gate is a customer's verifier that has pinned what the issuer publishes.
func (o *office) gate(t testing.TB) *verifier.Verifier {
	t.Helper()
	trust, err := verifier.ParseTrust(o.get(t, "/trust-list.json").body)
	if err != nil {
		t.Fatal(err)
	}
	gate, err := verifier.New(verifier.Config{Trust: trust, Fetcher: fetcher{}, Now: o.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gate.Close() })
	return gate
}

// show presents a badge with a proof made now.
func (o *office) show(t testing.TB, gate *verifier.Verifier, badge string) verifier.Decision {
	t.Helper()
	presentation := credentialtest.MustBind(t, badge, credential.Proof{
		Audience: credential.GateAudience,
		Nonce:    credentialtest.Nonce + fmt.Sprint(o.Now().UnixNano()),
		IssuedAt: o.Now(),
	})
	return gate.Verify(t.Context(), presentation, verifier.Request{Access: credential.Onsite})
}

// listed is what the published list says of a badge.
func (o *office) listed(t testing.TB, b badge) revocation.Status {
	t.Helper()
	answer := o.get(t, strings.TrimPrefix(b.StatusList, o.url))
	token, err := revocation.Open(string(answer.body), b.StatusList, issuerListKey)
	if err != nil {
		t.Fatal(err)
	}
	status, err := token.List.Status(uint64(b.Index))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestIssue_ABadgeThatAVerifierAllows(t *testing.T) {
	t.Parallel()
	o := start(t)
	v := eligible(t)
	answer := o.post(t, "/v1/people/"+v.ExternalID+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t)))
	var issued issuedBadge
	answer.decode(t, http.StatusCreated, &issued)
	conforms(t, "IssuedBadge", answer.body)
	if got := answer.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a badge may be kept: Cache-Control is %q", got)
	}
	if got := answer.header.Get("Location"); got != "/v1/badges/"+issued.ID {
		t.Errorf("Location is %q", got)
	}
	decision := o.show(t, o.gate(t), issued.Text)
	if !decision.Allow || decision.Reason != verifier.OK {
		t.Fatalf("denied: %+v", decision)
	}
	if issued.PersonID != v.ID || issued.HolderKey != credentialtest.HolderKey.ID() || issued.State != "issued" || issued.Status != "valid" {
		t.Errorf("on record: %+v", issued.badge)
	}
	if decision.Badge.StatusList != issued.StatusList || decision.Badge.Index != uint64(issued.Index) || !decision.Badge.Expires.Equal(issued.ExpiresAt) {
		t.Errorf("the badge %+v is not the one on record %+v", decision.Badge, issued.badge)
	}
	if decision.Badge.EmployeeNumber == "" || len(decision.Badge.Training) == 0 || !decision.Badge.Equipment.Compliant {
		t.Errorf("the badge lacks claims: %+v", decision.Badge)
	}

	var kept badge
	record := o.call(t, "GET", "/v1/badges/"+issued.ID)
	record.decode(t, http.StatusOK, &kept)
	conforms(t, "Badge", record.body)
	if fmt.Sprint(kept) != fmt.Sprint(issued.badge) {
		t.Errorf("read back %+v, issued %+v", kept, issued.badge)
	}
	var list struct{ Badges []badge }
	o.call(t, "GET", "/v1/people/"+v.ID+"/badges").decode(t, http.StatusOK, &list)
	if len(list.Badges) != 1 || list.Badges[0].ID != issued.ID {
		t.Errorf("the person's badges: %+v", list.Badges)
	}
}

func TestIssue_EverybodyEligibleAndNobodyElse(t *testing.T) {
	t.Parallel()
	o := start(t)
	gate := o.gate(t)
	for _, v := range verdicts(t) {
		answer := o.post(t, "/v1/people/"+v.ID+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t)))
		if !v.Eligible {
			f := answer.problem(t, http.StatusConflict, CodeNotEligible)
			if strings.Join(f.Reasons, " ") != strings.Join(v.Reasons, " ") {
				t.Errorf("%s: reasons %v, want %v", v.ExternalID, f.Reasons, v.Reasons)
			}
			continue
		}
		var issued issuedBadge
		answer.decode(t, http.StatusCreated, &issued)
		decision := o.show(t, gate, issued.Text)
		// The gate asks for onsite, which is not everybody's.
		if want := v.Access[0] == "onsite"; decision.Allow != want {
			t.Errorf("%s with %v: %s", v.ExternalID, v.Access, decision.Reason)
		}
	}
}

func TestIssue_AnArabicNameReachesTheGateByteForByte(t *testing.T) {
	t.Parallel()
	o := start(t)
	const given = "محمد"
	var page peoplePage
	o.call(t, "GET", "/v1/people?limit=1000").decode(t, http.StatusOK, &page)
	gate := o.gate(t)
	found := 0
	for _, p := range page.People {
		if p.GivenName != given {
			continue
		}
		found++
		answer := o.post(t, "/v1/people/"+p.ID+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t)))
		if answer.status != http.StatusCreated {
			continue // not eligible
		}
		var issued issuedBadge
		answer.decode(t, http.StatusCreated, &issued)
		decision := o.show(t, gate, issued.Text)
		if decision.Badge == nil || decision.Badge.GivenName != given || decision.Badge.FamilyName != p.FamilyName {
			t.Errorf("at the gate: %+v", decision.Badge)
		}
	}
	if found == 0 {
		t.Error("nobody of that name was imported")
	}
}

func TestRevoke_TheListSaysSoAtOnceAndTheGateOnceItIsDue(t *testing.T) {
	t.Parallel()
	o := start(t)
	gate := o.gate(t)
	issued := o.issue(t, eligible(t).ID)
	if d := o.show(t, gate, issued.Text); !d.Allow {
		t.Fatalf("denied before: %+v", d)
	}
	var revoked badge
	o.setStatus(t, issued.ID, "revoke", "key lost").decode(t, http.StatusOK, &revoked)
	if revoked.Status != "invalid" || revoked.StatusReason != "key lost" || !revoked.StatusAt.Equal(o.Now()) {
		t.Errorf("on record: %+v", revoked)
	}
	if got := o.listed(t, issued.badge); got != revocation.Invalid {
		t.Errorf("the list says %v", got)
	}
	o.Move(issuer.DefaultListTTL - time.Second)
	if d := o.show(t, gate, issued.Text); !d.Allow {
		t.Errorf("a list was fetched before it was due: %+v", d)
	}
	o.Move(time.Second)
	if d := o.show(t, gate, issued.Text); d.Allow || d.Reason != verifier.Revoked {
		t.Errorf("after the list was due: %+v", d)
	}

	// Once more changes nothing, nor does anything bring it back.
	var again badge
	o.setStatus(t, issued.ID, "revoke", "another reason").decode(t, http.StatusOK, &again)
	if again.StatusReason != "key lost" || !again.StatusAt.Equal(revoked.StatusAt) {
		t.Errorf("repeated: %+v", again)
	}
	for _, verb := range []string{"suspend", "reinstate"} {
		o.setStatus(t, issued.ID, verb, "second thoughts").problem(t, http.StatusConflict, CodeRevocationFinal)
	}
}

func TestSuspend_UntilReinstated(t *testing.T) {
	t.Parallel()
	o := start(t)
	gate := o.gate(t)
	issued := o.issue(t, eligible(t).ID)
	var b badge
	o.setStatus(t, issued.ID, "suspend", "under review").decode(t, http.StatusOK, &b)
	if got := o.listed(t, issued.badge); b.Status != "suspended" || got != revocation.Suspended {
		t.Errorf("on record %s, in the list %v", b.Status, got)
	}
	if d := o.show(t, gate, issued.Text); d.Reason != verifier.Suspended {
		t.Errorf("while suspended: %+v", d)
	}
	o.setStatus(t, issued.ID, "reinstate", "reviewed").decode(t, http.StatusOK, &b)
	if got := o.listed(t, issued.badge); b.Status != "valid" || got != revocation.Valid {
		t.Errorf("on record %s, in the list %v", b.Status, got)
	}
	o.Move(issuer.DefaultListTTL)
	if d := o.show(t, gate, issued.Text); !d.Allow {
		t.Errorf("once reinstated: %+v", d)
	}
}

func TestReinstate_NotForSomebodyWhoseStandingHasLapsed(t *testing.T) {
	t.Parallel()
	o := start(t)
	issued := o.issue(t, eligible(t).ID)
	o.setStatus(t, issued.ID, "suspend", "on leave")
	o.Move(8 * 24 * time.Hour) // no device was seen for a week
	f := o.setStatus(t, issued.ID, "reinstate", "back").problem(t, http.StatusConflict, CodeNotEligible)
	if len(f.Reasons) == 0 || !strings.HasPrefix(f.Reasons[0], "device-stale:") {
		t.Errorf("reasons are %v", f.Reasons)
	}
	if got := o.listed(t, issued.badge); got != revocation.Suspended {
		t.Errorf("the list says %v", got)
	}
}

func TestIssue_NotWhenTheStandingEndsWithinTheGranularityOfTimes(t *testing.T) {
	t.Parallel()
	o := start(t)
	ref := eligible(t).ID
	var now standing
	o.call(t, "GET", "/v1/people/"+ref+"/standing").decode(t, http.StatusOK, &now)
	end := now.ChangesAt.Truncate(credential.TimeGranularity)
	o.Move(end.Add(-time.Second).Sub(o.Now()))
	if issued := o.issue(t, ref); !issued.ExpiresAt.Equal(end) {
		t.Errorf("a second before, it expires at %s, want %s", issued.ExpiresAt, end)
	}
	o.Move(time.Second)
	if now.ChangesAt.Equal(end) {
		t.Fatal("the standing ends exactly there: choose another person")
	}
	o.post(t, "/v1/people/"+ref+"/badges", fmt.Sprintf(`{"holder_key":%s}`, holderKey(t))).
		problem(t, http.StatusConflict, CodeStandingEndsTooSoon)
}

func TestIssue_ManyAtOnceHaveIndicesOfTheirOwn(t *testing.T) {
	t.Parallel()
	o := start(t)
	ref := eligible(t).ID
	const callers = 32
	issued := make([]issuedBadge, callers)
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() { issued[i] = o.issue(t, ref) })
	}
	wait.Wait()
	indices, ids, texts := map[uint32]bool{}, map[string]bool{}, map[string]bool{}
	for _, b := range issued {
		indices[b.Index], ids[b.ID], texts[b.Text] = true, true, true
	}
	if len(indices) != callers || len(ids) != callers || len(texts) != callers {
		t.Errorf("of %d badges: %d indices, %d ids, %d texts", callers, len(indices), len(ids), len(texts))
	}
	var list struct{ Badges []badge }
	o.call(t, "GET", "/v1/people/"+ref+"/badges").decode(t, http.StatusOK, &list)
	if len(list.Badges) != callers {
		t.Errorf("%d are on record", len(list.Badges))
	}
}

func TestIssue_ToTheVerifierWithAPathInTheIssuersURL(t *testing.T) {
	t.Parallel()
	o := open(t, options{path: "/tenant/1234"})
	o.importSample(t)
	issued := o.issue(t, eligible(t).ID)
	if want := o.url + "/tenant/1234/status-lists/1"; issued.StatusList != want {
		t.Errorf("the list is at %s, want %s", issued.StatusList, want)
	}
	if d := o.show(t, o.gate(t), issued.Text); !d.Allow {
		t.Errorf("denied: %+v", d)
	}
}

func TestCallersAreOnRecord(t *testing.T) {
	t.Parallel()
	o := start(t)
	path := "/v1/people/" + eligible(t).ID + "/badges"
	body := fmt.Sprintf(`{"holder_key":%s}`, holderKey(t))
	issue := func(client *http.Client, with headers) string {
		var b issuedBadge
		o.send(t, client, "POST", path, strings.NewReader(body), append(with, "Content-Type", "application/json")).
			decode(t, http.StatusCreated, &b)
		return b.IssuedBy
	}
	if got := issue(o.local, headers{OperatorHeader, "m.doe"}); got != "local:m.doe" {
		t.Errorf("issued by %q", got)
	}
	if got := issue(o.local, nil); got != "local" {
		t.Errorf("issued by %q", got)
	}
	// Whoever comes over the network can't say who they are.
	got := issue(http.DefaultClient, headers{"Authorization", "Bearer " + o.all, OperatorHeader, "m.doe"})
	if !strings.HasPrefix(got, "token:") {
		t.Errorf("issued by %q", got)
	}
}
