package server

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func (o *office) verify(t testing.TB, call string) chainVerdict {
	t.Helper()
	var v chainVerdict
	answer := o.post(t, "/v1/audit/verify", call)
	answer.decode(t, http.StatusOK, &v)
	conforms(t, "ChainVerdict", answer.body)
	return v
}

// Whoever has the events can work the chain out from what the API says of them.
func TestAudit_TheExportProvesItself(t *testing.T) {
	t.Parallel()
	o := start(t)
	o.setStatus(t, o.issue(t, eligible(t).ID).ID, "suspend", `<"lost" & found> — é`)
	var head store.Head
	for after := ""; ; {
		var page eventPage
		answer := o.call(t, "GET", "/v1/audit/events?limit=100&after="+after)
		answer.decode(t, http.StatusOK, &page)
		for _, e := range page.Events {
			head = head.Next(store.Event{Number: e.Number, At: e.At, By: e.By, Kind: e.Kind, Subject: e.Subject, Detail: e.Detail})
			if got := hex.EncodeToString(head.Chain[:]); got != e.Chain {
				t.Fatalf("event %d: chain %s, want %s", e.Number, got, e.Chain)
			}
		}
		if after = page.Next; after == "" {
			one, _ := json.Marshal(page.Events[0])
			conforms(t, "Event", one)
			break
		}
	}
	if v := o.verify(t, "{}"); !v.Intact || v.Head.Number != head.Number || v.Head.Chain != hex.EncodeToString(head.Chain[:]) {
		t.Errorf("%+v, want %+v", v, head)
	}
}

func TestAudit_AHeadThatWasKeptHasToBeOnTheChain(t *testing.T) {
	t.Parallel()
	o := start(t)
	kept := o.verify(t, "{}").Head
	heads := func(number int64, chain string) string {
		return fmt.Sprintf(`{"heads":[{"number":%d,"chain":%q}]}`, number, chain)
	}
	o.issue(t, eligible(t).ID)
	if v := o.verify(t, heads(kept.Number, kept.Chain)); !v.Intact || v.Head.Number <= kept.Number {
		t.Errorf("a head from before: %+v", v)
	}
	other := strings.Repeat("0", 64)
	if v := o.verify(t, heads(kept.Number, other)); v.Intact || v.Number != kept.Number || v.Head != nil || v.Why == "" {
		t.Errorf("another head: %+v", v)
	}
	if v := o.verify(t, heads(kept.Number+1000, kept.Chain)); v.Intact || v.Number != kept.Number+1000 {
		t.Errorf("a head that is not there: %+v", v)
	}
	for _, call := range []string{
		heads(1, "xyz"), heads(1, other+"00"), heads(-1, other), `{"heads":[` + strings.Repeat(`{},`, MaxHeads) + `{}]}`,
	} {
		o.post(t, "/v1/audit/verify", call).problem(t, http.StatusBadRequest, CodeValueInvalid)
	}
	one := fmt.Sprintf(`{"number":%d,"chain":%q}`, kept.Number, kept.Chain)
	if v := o.verify(t, `{"heads":[`+strings.Repeat(one+",", MaxHeads-1)+one+`]}`); !v.Intact {
		t.Errorf("as many heads as may be: %+v", v)
	}
	o.call(t, "GET", "/v1/audit/events?after=x").problem(t, http.StatusBadRequest, CodeCursorInvalid)
}

// stricter is a policy under which nobody of the sample is in good standing.
const stricter = `version: 1
name: Stricter
courses:
  - {code: CB-999, title: New, valid_for: 365d}
everyone: {courses: [CB-999]}
devices: {compliance: [compliant], encrypted: required, minimum_os: {Windows: 10.0.22631}, seen_within: 7d}
access: {onsite: {}}
`

func activation(text, effective string) string {
	call := map[string]string{"policy": text}
	if effective != "" {
		call["effective"] = effective
	}
	body, _ := json.Marshal(call)
	return string(body)
}

// activate is the operator's.
func (o *office) activate(t testing.TB, call string) reply {
	t.Helper()
	return o.send(t, o.local, "POST", "/v1/policies", strings.NewReader(call), headers{"Content-Type", "application/json"})
}

func TestPolicy_IsInForceFromItsInstantOn(t *testing.T) {
	t.Parallel()
	o := start(t)
	before := o.status(t)
	at := o.Now().Add(day)
	var planned policyVersion
	answer := o.activate(t, activation(stricter, at.Format("2006-01-02T15:04:05Z07:00")))
	answer.decode(t, http.StatusCreated, &planned)
	conforms(t, "PolicyVersion", answer.body)
	rules, err := policy.Parse([]byte(stricter))
	if err != nil || planned.Digest != rules.Digest() || !planned.Effective.Equal(at) || planned.ActivatedBy != "local" {
		t.Fatalf("%s: %v", answer.body, err)
	}
	history := func() (list struct {
		InForce  string `json:"in_force"`
		Policies []policyVersion
	}) {
		o.call(t, "GET", "/v1/policies").decode(t, http.StatusOK, &list)
		return list
	}
	if h := history(); h.InForce != before.Policy || len(h.Policies) != 1 || h.Policies[0] != planned {
		t.Errorf("before: %+v", h)
	}
	if state := o.status(t); state.NextDue.After(at) || state.Phases["good"] != before.Phases["good"] {
		t.Errorf("%+v", state)
	}
	o.Move(day)
	o.post(t, "/v1/program/advance", "{}")
	if state := o.status(t); state.Policy != planned.Digest || state.Phases["good"] != 0 || history().InForce != planned.Digest {
		t.Errorf("from then on: %+v", state)
	}
}

func TestPolicy_ThatIsNoneIsRefusedWithItsLines(t *testing.T) {
	t.Parallel()
	o := start(t)
	answer := o.activate(t, activation(strings.Replace(stricter, "name: Stricter", "name:\nnonsense: 1", 1), ""))
	answer.problem(t, http.StatusUnprocessableEntity, CodePolicyInvalid)
	conforms(t, "PolicyInvalid", answer.body)
	var said struct{ Problems []policyProblem }
	answer.decode(t, http.StatusUnprocessableEntity, &said)
	if len(said.Problems) != 2 || said.Problems[0].Line != 2 || said.Problems[1].Line != 3 {
		t.Errorf("%s", answer.body)
	}
	o.activate(t, activation("", "")).problem(t, http.StatusUnprocessableEntity, CodePolicyInvalid)
	o.activate(t, activation(stricter+"# "+strings.Repeat("x", policy.MaxFileSize), "")).
		problem(t, http.StatusUnprocessableEntity, CodePolicyInvalid)
	o.activate(t, padded(activation(stricter, ""), MaxPolicyCall+1)).
		problem(t, http.StatusRequestEntityTooLarge, "request_too_large")
	o.activate(t, activation(stricter, o.Now().Add(-1).Format("2006-01-02T15:04:05.999999999Z07:00"))).
		problem(t, http.StatusBadRequest, CodeValueInvalid)
	largest := stricter + "#" + strings.Repeat("x", policy.MaxFileSize-len(stricter)-1)
	if answer := o.activate(t, padded(activation(largest, ""), MaxPolicyCall)); answer.status != http.StatusCreated {
		t.Errorf("the largest: %d %s", answer.status, answer.body)
	}
}

func TestPolicy_TakesTwoWhereThereAreOfficers(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	d.importSample(t)
	admin := d.signIn(t, "admin", "admin")
	d.as(t, admin, "POST", "/v1/policies", activation(stricter, "")).problem(t, http.StatusConflict, "proposal_required")
	d.post(t, "/v1/policies", activation(stricter, "")).problem(t, http.StatusConflict, "proposal_required")
	d.activate(t, activation(stricter, "")).decode(t, http.StatusCreated, new(policyVersion))
	open(t, options{}).post(t, "/v1/policies", activation(stricter, "")).problem(t, http.StatusForbidden, CodePersonRequired)
}
