package server

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
)

// gateSettings is what a gate's page has to know to work like the service does
// when it can't be asked.
type gateSettings struct {
	Gate         gate.Gate       `json:"gate"`
	Policy       verifier.Policy `json:"policy"` // all that is asked for: the verifier's and the gate's
	MaxStatusAge int64           `json:"max_status_age_seconds"`
	Register     registerView    `json:"register"`
	Help         Help            `json:"help"`
}

type registerView struct {
	On        bool  `json:"on"`
	Retention int64 `json:"retention_seconds"` // 0 when off
}

func (g *gates) settings(w http.ResponseWriter, r *http.Request, from gate.Gate) error {
	gatesOwn, err := g.policy(from)
	if err != nil {
		return gateProblem(w, err)
	}
	policy, err := both(g.verifier.Policy(), gatesOwn)
	if err != nil {
		return err
	}
	settings := gateSettings{
		Gate:         from,
		Policy:       policy,
		MaxStatusAge: int64(g.verifier.MaxStatusAge() / time.Second),
		Help:         g.server.config.Help,
	}
	if g.register != nil {
		settings.Register = registerView{true, int64(g.register.Retention() / time.Second)}
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	newSnapshot(text).serve(w, r)
	return nil
}
