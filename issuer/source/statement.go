package source

import (
	"net/url"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// The verbs that say how an attempt ended, and the one that takes a statement
// back (xAPI 1.0.3, Data 2.3.2).
const (
	verbPassed    = "http://adlnet.gov/expapi/verbs/passed"
	verbCompleted = "http://adlnet.gov/expapi/verbs/completed"
	verbFailed    = "http://adlnet.gov/expapi/verbs/failed"
	verbVoided    = "http://adlnet.gov/expapi/verbs/voided"
)

// statement is what is wanted of an xAPI statement (xAPI 1.0.3, Data 2.4).
type statement struct {
	ID    string `json:"id"`
	Actor struct {
		ObjectType string `json:"objectType"`
		Account    struct {
			HomePage string `json:"homePage"`
			Name     string `json:"name"`
		} `json:"account"`
	} `json:"actor"`
	Verb struct {
		ID string `json:"id"`
	} `json:"verb"`
	Object struct {
		ObjectType string `json:"objectType"`
		ID         string `json:"id"`
	} `json:"object"`
	Result struct {
		Success    *bool `json:"success"`
		Completion *bool `json:"completion"`
	} `json:"result"`
	Timestamp string `json:"timestamp"`
	Stored    string `json:"stored"`
}

// training checks an attempt and says it in the program's words.
func (s *statement) training(f *fields) evidence.Training {
	if s.Actor.ObjectType != "" && s.Actor.ObjectType != "Agent" {
		f.refuse("actor.objectType is %q: send one statement for each person", clip(s.Actor.ObjectType, MaxTextLength))
	}
	if s.Timestamp == "" && s.Stored == "" {
		f.refuse("timestamp is missing: send when the attempt ended")
	}
	received := f.instant("stored", s.Stored)
	at := f.instant("timestamp", s.Timestamp)
	if s.Timestamp == "" {
		at = received // as a record store would set it (xAPI 1.0.3, Data 2.4.7)
	}
	return evidence.Training{
		PersonExternalID: f.required("actor.account.name", s.Actor.Account.Name),
		Course:           s.course(f),
		Outcome:          s.outcome(f),
		At:               at,
		Received:         received,
	}
}

// outcome reads the verb together with the result. A result that contradicts its
// verb is refused: either could be the mistake.
func (s *statement) outcome(f *fields) evidence.Outcome {
	succeeded := s.Result.Success == nil || *s.Result.Success
	finished := s.Result.Completion == nil || *s.Result.Completion
	switch {
	case s.Verb.ID == verbFailed && s.Result.Success != nil && succeeded:
		f.refuse("the verb is failed, but result.success is true: correct one of them")
	case s.Verb.ID == verbPassed && !succeeded:
		f.refuse("the verb is passed, but result.success is false: correct one of them")
	case s.Verb.ID == verbCompleted && !finished:
		f.refuse("the verb is completed, but result.completion is false: correct one of them")
	case s.Verb.ID == verbPassed:
		return evidence.Passed
	case s.Verb.ID == verbCompleted && succeeded:
		return evidence.Completed
	}
	return evidence.Failed
}

// course reads the course's code off the object's IRI.
func (s *statement) course(f *fields) string {
	if s.Object.ObjectType != "" && s.Object.ObjectType != "Activity" {
		f.refuse("object.objectType is %q: name the course as an \"Activity\"", clip(s.Object.ObjectType, MaxTextLength))
		return ""
	}
	if s.Object.ID == "" {
		f.refuse("object.id is missing: name the course, for example \"https://learning.vendor.example/courses/CB-101\"")
		return ""
	}
	code := lastSegment(s.Object.ID)
	if code == "" {
		f.refuse("object.id %q ends in no course: write it like \"https://learning.vendor.example/courses/CB-101\"",
			clip(s.Object.ID, MaxTextLength))
		return ""
	}
	return f.identifier("the course in object.id", code)
}

// lastSegment returns the last segment of an IRI's path, or "".
func lastSegment(iri string) string {
	parsed, err := url.Parse(iri)
	if err != nil || parsed.Scheme == "" {
		return ""
	}
	// Cut before unescaping, or an escaped slash would move the cut.
	path := strings.TrimSuffix(parsed.EscapedPath(), "/")
	segment, err := url.PathUnescape(path[strings.LastIndex(path, "/")+1:])
	if err != nil {
		return ""
	}
	return segment
}
