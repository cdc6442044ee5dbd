package main

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/config"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/office"
	issuerserver "github.com/cyberbadge/cyberbadge/issuer/server"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// officeSection is office in issuer.yaml: where officers sign in. Without an issuer
// there are API tokens alone.
type officeSection struct {
	Issuer         string            `yaml:"issuer"`
	ClientID       string            `yaml:"client_id"`
	ClientSecret   config.Secret     `yaml:"client_secret"`
	Address        string            `yaml:"address"`
	Scopes         []string          `yaml:"scopes"`
	RoleClaim      string            `yaml:"role_claim"`
	Roles          map[string]string `yaml:"roles"`
	Idle           time.Duration     `yaml:"idle"`
	Life           time.Duration     `yaml:"life"`
	ProposalLife   time.Duration     `yaml:"proposal_life"`
	MassRevocation int               `yaml:"mass_revocation"`
}

func (s officeSection) on() bool { return s.Issuer != "" }

// limitsSection is limits in issuer.yaml; what is not there is the default.
type limitsSection struct {
	Proxies     int          `yaml:"proxies"`
	Callers     limitSection `yaml:"callers"`
	Public      limitSection `yaml:"public"`
	SignIns     limitSection `yaml:"sign_ins"`
	Documents   limitSection `yaml:"documents"`
	Concerns    limitSection `yaml:"concerns"`
	AllConcerns limitSection `yaml:"all_concerns"`
}

type limitSection struct {
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
}

func (s limitsSection) limits() issuerserver.Limits {
	return issuerserver.Limits{
		Callers: issuerserver.Limit(s.Callers), Public: issuerserver.Limit(s.Public), SignIns: issuerserver.Limit(s.SignIns),
		Documents: issuerserver.Limit(s.Documents), Concerns: issuerserver.Limit(s.Concerns), AllConcerns: issuerserver.Limit(s.AllConcerns),
		Proxies: s.Proxies,
	}
}

// office is where officers sign in, or nil.
func (f *issuerFolder) office(program *issuer.Program, database *sqlite.Store, logger *slog.Logger) (*office.Office, error) {
	section := f.whole.Office
	if !section.on() {
		return nil, nil
	}
	client, err := f.outbound()
	if err != nil {
		return nil, err
	}
	settings := office.Config{
		Issuer: section.Issuer, ClientID: section.ClientID, ClientSecret: section.ClientSecret.Reveal(),
		Address: section.Address, Scopes: section.Scopes, RoleClaim: section.RoleClaim,
		HTTP: office.NewHTTPClient(client), Records: database, Actions: issuerserver.Actions(program, f.now),
		Idle: section.Idle, Life: section.Life, ProposalLife: section.ProposalLife, MassRevocation: section.MassRevocation,
		Now: f.now, Logger: logger,
	}
	if settings.Address == "" {
		settings.Address = origin(f.config.URL)
	}
	if len(section.Roles) > 0 {
		settings.Roles = make(map[string]office.Role, len(section.Roles))
	}
	for value, role := range section.Roles {
		settings.Roles[value] = office.Role(role)
	}
	o, err := office.New(settings)
	if err != nil {
		return nil, misuseError{err}
	}
	return o, nil
}

// origin is the part of a URL that browsers tell sites apart by.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// resumeEvery is how often what was approved and could not be done is tried again.
const resumeEvery = time.Minute

// resuming does what was approved and not done, until the function is called that
// it returns. Without an office it does nothing.
func resuming(ctx context.Context, o *office.Office, logger *slog.Logger) (stop func()) {
	if o == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		again := time.NewTicker(resumeEvery)
		defer again.Stop()
		for {
			if err := o.Resume(ctx); err != nil && ctx.Err() == nil {
				logger.ErrorContext(ctx, "approved proposals are not done", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-again.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
