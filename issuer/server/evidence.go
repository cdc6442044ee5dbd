package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/golang-lru/v2"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/runner"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Bounds on evidence that is pushed.
const (
	MaxPush         = 4 << 20   // bytes of pushed statements
	MaxTable        = 32 << 20  // bytes of a table
	MaxDeviceReport = 512 << 10 // bytes of a webhook that reports devices
	MaxHint         = 256 << 10 // bytes of a webhook that is only a hint
	MaxSenders      = 8         // of webhooks; a body is tried with the secrets of each
	MaxTold         = 1000      // problems that one answer lists

	maxPushes  = 8       // of statements at once
	maxReports = 64      // of devices at once: one is taken in while the others wait
	maxLatest  = 100_000 // devices of which it is known when they were reported last
)

// Codes of problems with evidence that is pushed, beside those of package webhook.
const (
	CodeXAPIVersion        = "xapi_version_unsupported" // 400
	CodeEvidenceUnreadable = "evidence_unreadable"      // 422
	CodeEvidenceRefused    = "evidence_refused"         // 422, with the member problems
	CodeHintUnreadable     = "hint_unreadable"          // 422
)

// Evidence says how evidence is pushed, and where it is pulled from. The zero
// value takes pushed statements alone.
type Evidence struct {
	// HomePage is that of the accounts in pushed statements. See source.Config.
	HomePage string
	// Tables are the CSV files that may be pushed, by their names.
	Tables []source.TableConfig
	// Senders are who reports devices by signed webhooks; at most MaxSenders.
	Senders []Sender
	// Replays remembers which webhooks were taken; nil means in this process.
	Replays webhook.Replays
	// Directory says whose a device is by the user_id that a webhook names; nil
	// takes it for the person's id.
	Directory source.Directory
	// Sources are what is pulled from; nil when nothing is.
	Sources Sources
}

// Sender is a system that reports devices by signed webhooks.
type Sender struct {
	Source  string           // in the origin of its records
	Secrets []webhook.Secret // several while it changes them
}

// Sources are systems that are asked for evidence. A *runner.Runner is one.
type Sources interface {
	Reports() []runner.Report
	// Hint has devices of a source looked at soon. An unknown one is
	// runner.ErrUnknownSource.
	Hint(name string, ids []string) error
	// Accept takes the next word of a source for right, however much is gone by it.
	Accept(name string) error
}

// evidenceDesk takes in what is pushed.
type evidenceDesk struct {
	tables  map[string]source.TableConfig
	senders []knownSender
	pushes  chan struct{} // one for each push under way
	reports chan struct{} // one for each report that waits or is taken in
	turn    chan struct{} // one: whose turn it is
	// latest is when a device was reported last, by the report's own word. Whoever
	// has the turn touches it.
	latest *lru.Cache[evidence.Origin, time.Time]
}

type knownSender struct {
	Sender
	receiver *webhook.Receiver
}

func (s *Server) evidenceRoutes() []route {
	return []route{
		{"POST", "/v1/evidence/training", ScopeEvidenceWrite, []string{"table", "dry_run"}, s.takeTraining},
		{"POST", "/v1/evidence/devices", "", nil, s.takeDevices},
		{"POST", "/v1/evidence/hints/:source", "", nil, s.takeHint},
		{"GET", "/v1/evidence/sources", ScopeStandingRead, nil, s.sources},
		{"POST", "/v1/evidence/sources/:source/accept", ScopeImport, nil, s.acceptSource},
	}
}

// newEvidenceDesk reports everything that is wrong with the configuration at once.
func newEvidenceDesk(config Evidence, now func() time.Time) (*evidenceDesk, error) {
	latest, err := lru.New[evidence.Origin, time.Time](maxLatest)
	if err != nil {
		return nil, err
	}
	d := &evidenceDesk{
		tables: map[string]source.TableConfig{}, latest: latest,
		pushes: make(chan struct{}, maxPushes), reports: make(chan struct{}, maxReports), turn: make(chan struct{}, 1),
	}
	var problems []error
	for _, table := range config.Tables {
		if _, twice := d.tables[table.Name]; twice {
			problems = append(problems, fmt.Errorf("two tables are named %q", table.Name))
		}
		if err := table.Check(); err != nil {
			problems = append(problems, fmt.Errorf("table %q: %w", table.Name, err))
		}
		d.tables[table.Name] = table
	}
	if len(config.Senders) > MaxSenders {
		problems = append(problems, fmt.Errorf("there are %d senders of webhooks, at most %d", len(config.Senders), MaxSenders))
	}
	replays := config.Replays
	if replays == nil {
		replays = webhook.NewMemory(0)
	}
	seen := map[string]bool{}
	for _, from := range config.Senders {
		if from.Source == "" || seen[from.Source] {
			problems = append(problems, fmt.Errorf("the sender %q has no name or that of another", from.Source))
		}
		seen[from.Source] = true
		receiver, err := webhook.NewReceiver(webhook.Config{Secrets: from.Secrets, Replays: replaysOf{replays, from.Source}, Now: now})
		if err != nil {
			problems = append(problems, fmt.Errorf("sender %q: %w", from.Source, err))
		}
		d.senders = append(d.senders, knownSender{from, receiver})
	}
	return d, errors.Join(problems...)
}

// replaysOf keeps the ids of several senders apart. No id has a full stop in it.
type replaysOf struct {
	webhook.Replays
	source string
}

// Claim implements webhook.Replays.
func (r replaysOf) Claim(ctx context.Context, id string, now, until time.Time) (bool, error) {
	return r.Replays.Claim(ctx, r.source+"."+id, now, until)
}

// Release implements webhook.Replays.
func (r replaysOf) Release(ctx context.Context, id string) error {
	return r.Replays.Release(ctx, r.source+"."+id)
}

// evidenceReport is the answer to evidence that was pushed.
type evidenceReport struct {
	Training *issuer.FileReport `json:"training,omitempty"`
	Devices  *issuer.FileReport `json:"devices,omitempty"`
	Refused  int                `json:"refused"` // records that were left out
	Judged   int                `json:"judged"`  // people whom it touched
	Losing   int                `json:"losing"`  // of them, those who lost their good standing by it
	DryRun   bool               `json:"dry_run"` // nothing was taken in
}

func fileReport[T any](from source.Result[T], counts store.ImportCount) (report *issuer.FileReport, refused int) {
	report = &issuer.FileReport{ImportCount: counts, Repeated: from.Repeated, Skipped: from.Skipped, Problems: []issuer.ImportProblem{}}
	for _, p := range from.Problems {
		if p.Refused {
			refused++
		}
		if len(report.Problems) < MaxTold {
			report.Problems = append(report.Problems, issuer.ImportProblem(p))
		}
	}
	return report, refused
}

// evidenceRefused is a problem with an extension member (RFC 9457, section 3.2).
type evidenceRefused struct {
	problem.Problem
	Problems []issuer.ImportProblem `json:"problems"`
}

// refuseEvidence answers a push of which nothing was any good, so that whoever
// sent it learns of it from the status alone.
func refuseEvidence(w http.ResponseWriter, problems []issuer.ImportProblem) error {
	body := evidenceRefused{
		Problem:  problem.New(http.StatusUnprocessableEntity, CodeEvidenceRefused, "Nothing was taken in: every record was refused. The problems say what to mend."),
		Problems: problems,
	}
	if id := w.Header().Get(problem.RequestIDHeader); id != "" {
		body.Instance = "urn:cyberbadge:request:" + id
	}
	w.Header().Set("Content-Type", problem.ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(body.Status)
	// Texts and numbers always marshal, and there is nobody left to tell when the
	// connection is gone.
	_ = json.NewEncoder(w).Encode(body)
	return nil
}

// sourceReport is how a source is doing, with the names that the API has.
type sourceReport struct {
	Name        string                 `json:"name"`
	Interval    float64                `json:"interval_seconds"`
	LastSuccess time.Time              `json:"last_success,omitzero"`
	LastFailure time.Time              `json:"last_failure,omitzero"`
	Next        time.Time              `json:"next,omitzero"`
	Failures    int                    `json:"failures"`
	Error       string                 `json:"error,omitempty"`
	Withheld    int                    `json:"withheld,omitempty"`
	Training    store.ImportCount      `json:"training"`
	Devices     store.ImportCount      `json:"devices"`
	Refused     int                    `json:"refused"`
	Problems    []issuer.ImportProblem `json:"problems"`
}

func (s *Server) sources(w http.ResponseWriter, _ *http.Request) error {
	list := []sourceReport{}
	if s.config.Evidence.Sources != nil {
		for _, r := range s.config.Evidence.Sources.Reports() {
			report := sourceReport{
				Name: r.Name, Interval: r.Interval.Seconds(), LastSuccess: r.LastSuccess.UTC(), LastFailure: r.LastFailure.UTC(), Next: r.Next.UTC(),
				Failures: r.Failures, Error: r.Error, Withheld: r.Withheld,
				Training: r.Training, Devices: r.Devices, Refused: r.Refused, Problems: []issuer.ImportProblem{},
			}
			for _, p := range r.Problems {
				report.Problems = append(report.Problems, issuer.ImportProblem(p))
			}
			list = append(list, report)
		}
	}
	return send(w, http.StatusOK, map[string][]sourceReport{"sources": list})
}

func (s *Server) acceptSource(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("source")
	if s.config.Evidence.Sources == nil || errors.Is(s.config.Evidence.Sources.Accept(name), runner.ErrUnknownSource) {
		return noSource()
	}
	s.config.Logger.InfoContext(r.Context(), "loss accepted", "by", callerFrom(r.Context()).by, "source", name)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func noSource() error {
	return refuse(http.StatusNotFound, CodeNotFound, "There is no such source here. GET /v1/evidence/sources lists what is asked.")
}

// takeHint takes a webhook of Fleet for what it is worth: nobody signed it, so it
// says no more than where to look.
func (s *Server) takeHint(w http.ResponseWriter, r *http.Request) error {
	if s.config.Evidence.Sources == nil {
		return noSource()
	}
	body, err := httpserver.ReadBody(w, r, MaxHint, "application/json")
	if err != nil {
		return err
	}
	ids, err := source.HintedHosts(body, runner.MaxHints+1)
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, CodeHintUnreadable, "This is no webhook of Fleet about hosts that fail a policy.")
	}
	if errors.Is(s.config.Evidence.Sources.Hint(r.PathValue("source"), ids), runner.ErrUnknownSource) {
		return noSource()
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
