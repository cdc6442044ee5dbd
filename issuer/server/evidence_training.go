package server

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/lrs"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// xapiHeader names the version that a caller speaks; xapiVersion is the one that
// is answered with (xAPI 1.0.3, Communication 3.3).
const (
	xapiHeader  = "X-Experience-Api-Version"
	xapiVersion = "1.0.3"
)

// takenVersions are those whose statements are read alike.
var takenVersions = regexp.MustCompile(`^(1\.0|2\.0)(\.[0-9]{1,3})?$`)

// takeTraining takes in statements or, with ?table=, a CSV file.
func (s *Server) takeTraining(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	dryRun, err := flag(query, "dry_run")
	if err != nil {
		return err
	}
	if query.Has("table") {
		return s.takeTable(w, r, query.Get("table"), dryRun)
	}
	return s.takeStatements(w, r, dryRun)
}

func (s *Server) takeStatements(w http.ResponseWriter, r *http.Request, dryRun bool) error {
	w.Header().Set(xapiHeader, xapiVersion)
	if versions := r.Header.Values(xapiHeader); len(versions) != 1 || !takenVersions.MatchString(versions[0]) {
		return badRequest(CodeXAPIVersion, "Send X-Experience-API-Version: %s; statements of 1.0 and 2.0 are read.", xapiVersion)
	}
	if !take(s.evidence.pushes) {
		return refuse(http.StatusServiceUnavailable, CodeOverloaded, "Other statements are being taken in. Try again in a moment.")
	}
	defer func() { <-s.evidence.pushes }()
	body, err := httpserver.ReadBody(w, r, MaxPush, "application/json")
	if err != nil {
		return err
	}
	result, err := source.Statements(bytes.NewReader(body), source.Config{Source: lrs.DefaultName, HomePage: s.config.Evidence.HomePage})
	if err != nil {
		return unreadableEvidence(err)
	}
	return s.receiveTraining(w, r, result, dryRun)
}

func (s *Server) takeTable(w http.ResponseWriter, r *http.Request, name string, dryRun bool) error {
	config, configured := s.evidence.tables[name]
	if !configured {
		return refuse(http.StatusNotFound, CodeNotFound, "No table of that name is configured.")
	}
	if !take(s.imports) {
		return refuse(http.StatusServiceUnavailable, CodeOverloaded, "Another import is under way. Try again when it is done.")
	}
	defer func() { <-s.imports }()
	body, err := httpserver.ReadBody(w, r, MaxTable, "text/csv")
	if err != nil {
		return err
	}
	result, err := source.Table(bytes.NewReader(body), config)
	if err != nil {
		return unreadableEvidence(err)
	}
	return s.receiveTraining(w, r, result, dryRun)
}

// unreadableEvidence passes on what is wrong with a body as a whole.
func unreadableEvidence(err error) error {
	cause := err.Error()
	for _, prefix := range []string{"source: ", "training: ", "devices: "} {
		cause = strings.TrimPrefix(cause, prefix)
	}
	return &problem.Error{Status: http.StatusUnprocessableEntity, Code: CodeEvidenceUnreadable, Detail: "Nothing was taken in: " + cause, Err: err}
}

func (s *Server) receiveTraining(w http.ResponseWriter, r *http.Request, result source.Result[evidence.Training], dryRun bool) error {
	by := callerFrom(r.Context()).by
	got, err := s.config.Program.Receive(r.Context(), store.Import{
		By: by, Training: result.Records, TrainingHashes: result.Hashes, WithdrawnTraining: result.Removed, DryRun: dryRun,
	})
	if err != nil {
		return err
	}
	report := evidenceReport{Judged: got.Judged, Losing: got.Losing, DryRun: dryRun}
	report.Training, report.Refused = fileReport(result, got.Training)
	if report.Refused > 0 && len(result.Records)+len(result.Removed)+result.Skipped == 0 {
		return refuseEvidence(w, report.Training.Problems)
	}
	s.config.Logger.InfoContext(r.Context(), "training received", "by", by, "training", got.Training, "refused", report.Refused, "dry_run", dryRun)
	return send(w, http.StatusOK, report)
}
