package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	officers "github.com/cyberbadge/cyberbadge/issuer/office"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// CodePolicyInvalid is the problem of a policy file that can't be put in force.
const CodePolicyInvalid = "policy_invalid" // 422, with the member problems

// MaxPolicyCall is the most bytes of a call that activates a policy: in JSON, a
// file's quotation marks and line ends take two bytes each.
const MaxPolicyCall = 2*policy.MaxFileSize + 4<<10

// policyVersion is a policy with the time at which it takes effect.
type policyVersion struct {
	Digest      string    `json:"digest"`
	Effective   time.Time `json:"effective"`
	ActivatedAt time.Time `json:"activated_at"`
	ActivatedBy string    `json:"activated_by"`
}

func newPolicyVersion(v store.PolicyVersion) policyVersion {
	return policyVersion{v.Digest, utc(v.Effective), utc(v.At), v.By}
}

// policies answers with every policy that was activated, in the order of the
// instants at which they take effect.
func (s *Server) policies(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.Policies(r.Context())
	if err != nil {
		return err
	}
	list := make([]policyVersion, 0, len(found))
	for _, v := range found {
		list = append(list, newPolicyVersion(v))
	}
	return send(w, http.StatusOK, struct {
		InForce  string          `json:"in_force"` // the digest
		Policies []policyVersion `json:"policies"`
	}{s.config.Program.PolicyAt(s.config.Now()).Digest(), list})
}

func (s *Server) activatePolicy(w http.ResponseWriter, r *http.Request) error {
	var call struct {
		Policy    string    `json:"policy"`
		Effective time.Time `json:"effective"`
	}
	if err := httpserver.DecodeJSON(w, r, MaxPolicyCall, &call); err != nil {
		return err
	}
	if err := s.mayActivate(r.Context()); err != nil {
		return err
	}
	v, err := s.config.Program.ActivatePolicy(r.Context(), []byte(call.Policy), call.Effective, callerFrom(r.Context()).by)
	if problems := policyProblems(err); len(problems) > 0 {
		return refusePolicy(w, problems)
	}
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, newPolicyVersion(v))
}

// mayActivate has a change of the policy take two where there are officers, and the
// operator where there are none.
func (s *Server) mayActivate(ctx context.Context) error {
	who := callerFrom(ctx)
	if s.config.Office == nil || who.operator {
		return who.inPerson()
	}
	return refuse(http.StatusConflict, string(officers.ProposalRequired),
		"Changing the policy takes two: propose it as %s, and have an admin approve it.", officers.PolicyChange)
}

// policyProblem is one thing that is wrong with a policy file.
type policyProblem struct {
	Line    int    `json:"line,omitempty"` // from 1; absent when it concerns the file as a whole
	Message string `json:"message"`
}

// policyProblems returns what policy.Parse complains about, nothing for other
// errors.
func policyProblems(err error) []policyProblem {
	if all, joined := err.(interface{ Unwrap() []error }); joined {
		var list []policyProblem
		for _, one := range all.Unwrap() {
			list = append(list, policyProblems(one)...)
		}
		return list
	}
	var wrong *policy.Problem
	if errors.As(err, &wrong) {
		return []policyProblem{{wrong.Line, wrong.Message}}
	}
	return nil
}

// invalidPolicy is a problem with an extension member (RFC 9457, section 3.2).
type invalidPolicy struct {
	problem.Problem
	Problems []policyProblem `json:"problems"`
}

func refusePolicy(w http.ResponseWriter, problems []policyProblem) error {
	body := invalidPolicy{
		Problem:  problem.New(http.StatusUnprocessableEntity, CodePolicyInvalid, "The policy is not in force. The problems say what to mend, by line."),
		Problems: problems,
	}
	if id := w.Header().Get(problem.RequestIDHeader); id != "" {
		body.Instance = "urn:cyberbadge:request:" + id
	}
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(body.Status)
	// Texts and numbers always marshal, and there is nobody left to tell when the
	// connection is gone.
	_ = json.NewEncoder(w).Encode(body)
	return nil
}
