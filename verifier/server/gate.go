package server

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/eventstream"
	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
	"github.com/cyberbadge/cyberbadge/web"
)

// Where the gates' addresses are.
const (
	// GatePath is the gate's page.
	GatePath = "/gate/"
	gateAPI  = GatePath + "v1/"
)

// The addresses that the log speaks of.
const gateDecisionsRoute = "POST " + gateAPI + "decisions"

// Bounds of the help that a guard can call for.
const (
	MaxHelpText  = 512 // bytes
	MaxHelpPhone = 64  // bytes
)

// Help is what the gate's page shows to a guard who does not know further.
type Help struct {
	Text  string `json:"text"`
	Phone string `json:"phone"`
}

// gates answers the tablets at the gates and those who pair them.
type gates struct {
	server   *Server
	verifier *verifier.Verifier
	desk     *gate.Desk
	register *visit.Register // nil: no visits are kept
	address  string          // this service's origin, if it is known
	bundles  *bundles
	pictures *pictures // nil: none are fetched
	events   *gateEvents
	pages    *web.Pages
}

func (s *Server) newGates() (*gates, error) {
	pages, err := web.New(web.Config{TLS: s.config.TLS})
	if err != nil {
		return nil, err
	}
	g := &gates{
		server:   s,
		verifier: s.config.Verifier,
		desk:     s.config.Gates,
		register: s.config.Register,
		address:  s.config.Address,
		bundles:  &bundles{logger: s.config.Logger},
		pages:    pages,
	}
	if g.events, err = newGateEvents(eventstream.Config{}); err != nil {
		return nil, err
	}
	g.events.measure(s.metrics.registry)
	if s.config.Pictures != nil {
		g.pictures, err = newPictures(s.config.Pictures, s.config.Now)
	}
	return g, err
}

func (g *gates) routes() []route {
	return append(g.pageRoutes(), []route{
		{http.MethodPost, gateAPI + "pairing", g.own(g.pair)},
		{http.MethodPost, gateAPI + "nonce", g.own(g.nonce)},
		{http.MethodPost, gateAPI + "session", g.own(g.open)},
		{http.MethodGet, gateAPI + "settings", g.own(g.session(g.settings))},
		{http.MethodGet, gateAPI + "bundle", g.own(g.session(g.bundle))},
		{http.MethodPost, gateAPI + "decisions", g.own(g.session(g.decide))},
		{http.MethodGet, gateAPI + "pictures", g.ownPage(g.session(g.picture))},
		{http.MethodPost, gateAPI + "visits", g.own(g.session(g.keepVisits))},
		{http.MethodGet, gateAPI + "present", g.own(g.session(g.present))},
		{http.MethodGet, gateAPI + "events", g.own(g.session(g.listen))},
	}...)
}

func (g *gates) pageRoutes() []route {
	return []route{
		{http.MethodGet, GatePath, httpserver.Always(g.pages.Gate())},
		{http.MethodGet, GatePath + web.GateWorkerName, httpserver.Always(g.pages.GateWorker())},
		{http.MethodGet, GatePath + web.GateManifestName, httpserver.Always(g.pages.GateManifest())},
		{http.MethodGet, web.AssetsPath + ":name", httpserver.Always(g.pages.Assets())},
	}
}

// ownPage lets in calls of the gate's own page.
func (g *gates) ownPage(next answer) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := g.checkOrigin(r); err != nil {
			return err
		}
		return next(w, r)
	}
}

// own lets in calls of the gate's own page that have no query: addresses are
// logged and kept by everything on the way.
func (g *gates) own(next answer) answer {
	return g.ownPage(func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.RawQuery != "" {
			return badRequest(CodeQueryNotAllowed, "This call takes no query.")
		}
		return next(w, r)
	})
}

// policy is what a gate asks for beyond the verifier's own policy. A gate whose
// policy is gone must not fall back to asking for nothing.
func (g *gates) policy(from gate.Gate) (verifier.Policy, error) {
	if from.Policy == "" {
		return verifier.Policy{}, nil
	}
	policy, known := g.server.config.Policies[from.Policy]
	if !known {
		return verifier.Policy{}, fmt.Errorf("gate %s, policy %q: %w", from.ID, from.Policy, gate.ErrPolicyUnknown)
	}
	return policy, nil
}

// placed returns the gate with the site that it is at: the service's, if its
// pairing named none.
func (g *gates) placed(from gate.Gate) gate.Gate {
	if from.Site == "" {
		from.Site = g.server.config.Site
	}
	return from
}

// checkGates looks at the part of the configuration that is about gates.
func (c Config) checkGates() []error {
	if c.Gates == nil {
		if c.Register != nil {
			return []error{errors.New("verifier/server: a Register but no Gates: nobody could add a visit")}
		}
		return nil
	}
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf("verifier/server: "+format, args...))
		}
	}
	refuse(len(c.Help.Text) > MaxHelpText, "Help.Text has %d bytes; %d at most", len(c.Help.Text), MaxHelpText)
	refuse(len(c.Help.Phone) > MaxHelpPhone, "Help.Phone has %d bytes; %d at most", len(c.Help.Phone), MaxHelpPhone)
	if err := CheckAddress(c.Address); err != nil {
		problems = append(problems, fmt.Errorf("verifier/server: Address: %w", err))
	}
	if c.Verifier != nil {
		if err := checkPolicies(c.Verifier.Policy(), c.Policies); err != nil {
			problems = append(problems, fmt.Errorf("verifier/server: Policies: %w", err))
		}
	}
	return problems
}
