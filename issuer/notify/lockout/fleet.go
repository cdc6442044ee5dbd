package lockout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/notify/internal/reply"
)

// FleetConfig is what [Fleet] needs.
type FleetConfig struct {
	URL    string // of the Fleet server, without /api
	Token  string // of an API-only user who may lock and unlock
	Client *outbound.Client
	Now    func() time.Time
}

// Fleet locks hosts that Fleet manages (Fleet Premium). It is safe for concurrent
// use.
type Fleet struct{ cfg FleetConfig }

var _ Locker = (*Fleet)(nil)

// NewFleet checks cfg and reports all that is wrong with it. It calls nobody.
func NewFleet(cfg FleetConfig) (*Fleet, error) {
	var problems []error
	if cfg.Token == "" {
		problems = append(problems, errors.New("lockout: fleet: Token is empty"))
	}
	if err := cfg.Client.CheckField("URL", cfg.URL); err != nil {
		problems = append(problems, fmt.Errorf("lockout: fleet: %w", err))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	cfg.Now = clockOr(cfg.Now)
	return &Fleet{cfg}, nil
}

// Lock implements [Locker].
func (f *Fleet) Lock(ctx context.Context, o Order) (Receipt, error) {
	if err := f.order(ctx, o, "lock", "locked"); err != nil {
		return Receipt{}, err
	}
	return Receipt{Did: f.Plan(notify.Lock, o)}, nil
}

// Unlock implements [Locker].
func (f *Fleet) Unlock(ctx context.Context, o Order) (Receipt, error) {
	if err := f.order(ctx, o, "unlock", "unlocked"); err != nil {
		return Receipt{}, err
	}
	if platformOf(o.OS) == mac {
		return Receipt{Manual: "the Mac asks for the PIN that Fleet shows; give it to the person"}, nil
	}
	return Receipt{Did: f.Plan(notify.Unlock, o)}, nil
}

// Plan implements [Locker].
func (f *Fleet) Plan(kind notify.Kind, _ Order) []string {
	return []string{string(kind) + " the device through Fleet"}
}

// order has a host locked or unlocked. Fleet refuses what it is doing already or
// has done; then the host itself says whether that is so.
func (f *Fleet) order(ctx context.Context, o Order, action, status string) error {
	if !regexp.MustCompile(`^[0-9]{1,19}$`).MatchString(o.Device.ID) {
		return notify.Permanent(errID)
	}
	response, err := f.call(ctx, http.MethodPost, o.Device.ID+"/"+action)
	refusal := reply.Judge("Fleet", response, err, f.cfg.Now())
	if err != nil || response.Status != http.StatusConflict && response.Status != http.StatusUnprocessableEntity {
		return refusal
	}
	response, err = f.call(ctx, http.MethodGet, o.Device.ID)
	if err := reply.Judge("Fleet", response, err, f.cfg.Now()); err != nil {
		return err
	}
	var answer struct {
		Host struct {
			MDM struct {
				Status  string `json:"device_status"`
				Pending string `json:"pending_action"`
			} `json:"mdm"`
		} `json:"host"`
	}
	if err := decode(response, &answer); err != nil {
		return err
	}
	state := answer.Host.MDM
	if state.Pending == action || state.Pending == "" && state.Status == status {
		return nil
	}
	return refusal
}

func (f *Fleet) call(ctx context.Context, method, path string) (outbound.Response, error) {
	return f.cfg.Client.Do(ctx, outbound.Request{
		Method: method, URL: f.cfg.URL + "/api/v1/fleet/hosts/" + path,
		Header: http.Header{"Authorization": {"Bearer " + f.cfg.Token}, "Accept": {"application/json"}},
	})
}
