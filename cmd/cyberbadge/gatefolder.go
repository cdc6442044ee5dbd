package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/verifier"
	"github.com/cyberbadge/cyberbadge/verifier/gate"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
	"github.com/cyberbadge/cyberbadge/verifier/sqlite"
	"github.com/cyberbadge/cyberbadge/verifier/visit"
)

// gatesFile is the database of gates and visits that verifier init makes.
const gatesFile = "gates.db"

// forgetEvery is how often visits that are old enough are forgotten.
const forgetEvery = time.Hour

// gatesSection is what verifier.yaml says about gates. Without a database there
// are none.
type gatesSection struct {
	Database string                   `yaml:"database"`
	Policies map[string]policySection `yaml:"policies"`
	Help     helpSection              `yaml:"help"`
}

type helpSection struct {
	Text  string `yaml:"text"`
	Phone string `yaml:"phone"`
}

// visitsSection is what it says about the register; off without a retention.
type visitsSection struct {
	Retention time.Duration `yaml:"retention"`
}

// Validate refuses settings that would be left unused.
func (c *verifierConfig) Validate() error {
	var problems []error
	if c.Gates.Database == "" && (len(c.Gates.Policies) > 0 || c.Gates.Help != (helpSection{})) {
		problems = append(problems, errors.New("config: gates has no database, so there are no gates; write database: "+gatesFile))
	}
	if c.Gates.Database == "" && c.Visits.Retention > 0 {
		problems = append(problems, errors.New("config: visits without gates, which report them; write database: "+gatesFile+" below gates"))
	}
	if err := verifierserver.CheckAddress(c.Verifier.Address); err != nil {
		problems = append(problems, fmt.Errorf("config: verifier.address: %w", err))
	}
	return errors.Join(append(problems, c.checkRoots())...)
}

// gateSide is what the folder's gates need: a database, and who keeps what in it.
type gateSide struct {
	database *sqlite.Store
	desk     *gate.Desk
	register *visit.Register // nil: off
}

func (f *verifierFolder) hasGates() bool { return f.gates.Database != "" }

// openGates opens the database that is there. Close it afterwards.
func (f *verifierFolder) openGates(ctx context.Context, logger *slog.Logger) (*gateSide, error) {
	if !f.hasGates() {
		return nil, misuse("there are no gates here; add to %s: gates: {database: %s}", f.file(verifierConfigFile), gatesFile)
	}
	path := f.file(f.gates.Database)
	database, err := sqlite.Open(ctx, sqlite.Config{Path: path, Now: f.now})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, misuse("%s is missing, and with it the gates and visits; put it back, or begin anew with: cyberbadge verifier gate pair", path)
	}
	if err != nil {
		return nil, err
	}
	side, err := f.gateSide(database, logger)
	if err != nil {
		return nil, errors.Join(misuseError{err}, database.Close())
	}
	return side, nil
}

func (f *verifierFolder) gateSide(database *sqlite.Store, logger *slog.Logger) (*gateSide, error) {
	desk, err := gate.NewDesk(gate.Config{
		Store: database, Policies: slices.Sorted(maps.Keys(f.gates.Policies)), Now: f.now, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	side := &gateSide{database: database, desk: desk}
	if f.visits.Retention == 0 {
		return side, nil
	}
	side.register, err = visit.NewRegister(visit.Config{
		Store: database, Retention: f.visits.Retention, Now: f.now, Logger: logger,
	})
	return side, err
}

// makeGateDatabase makes an empty database. A service never does: one that finds
// none has lost the list of who is on site and must say so.
func makeGateDatabase(ctx context.Context, path string) error {
	database, err := sqlite.Open(ctx, sqlite.Config{Path: path, Create: true})
	if err != nil {
		return err
	}
	return database.Close()
}

func (f *verifierFolder) policies() map[string]verifier.Policy {
	policies := make(map[string]verifier.Policy)
	for name, policy := range f.gates.Policies {
		policies[name] = verifier.Policy(policy)
	}
	return policies
}

// addTo puts the gates into the service's configuration.
func (side *gateSide) addTo(config *verifierserver.Config, f *verifierFolder) error {
	pictures, err := f.config.Fetch.pictureClient()
	if err != nil {
		return misuseError{err}
	}
	config.Gates, config.Register = side.desk, side.register
	config.Policies = f.policies()
	config.Pictures = bundlePictures{f.file(filepath.Join(bundlesFolder, portraitsFolder)), pictures}
	config.Help = verifierserver.Help(f.gates.Help)
	config.Address = f.config.Address
	return nil
}

// tend does what is due by itself until the function that it returns is called,
// which waits for the end of it.
func (side *gateSide) tend(ctx context.Context, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	if side.register != nil {
		tasks.Go(func() { side.forget(ctx, logger) })
	}
	return func() {
		cancel()
		tasks.Wait()
	}
}

// forget begins at once: a service that is restarted each night must forget, too.
func (side *gateSide) forget(ctx context.Context, logger *slog.Logger) {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		if _, err := side.register.Forget(ctx); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "visits not forgotten", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// address is what browsers call the service: as configured, or where it listens.
// It is empty where that is no address to call, such as all of the machine's.
func (f *verifierFolder) address() string {
	if f.config.Address != "" {
		return f.config.Address
	}
	host, _, err := net.SplitHostPort(f.config.Listen)
	if err != nil || host == "" {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		return ""
	}
	address := "http://" + f.config.Listen
	if f.config.TLSCertificate != "" {
		address = "https://" + f.config.Listen
	}
	// Elsewhere a browser gives no page the camera and a key.
	if verifierserver.CheckAddress(address) != nil {
		return ""
	}
	return address
}
