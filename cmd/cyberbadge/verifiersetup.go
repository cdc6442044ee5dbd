package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation/bundle"
	verifierserver "github.com/cyberbadge/cyberbadge/verifier/server"
)

// verifierSetup is what verifier init is asked for.
type verifierSetup struct {
	dir, site, listen string
	maxStatusAge      time.Duration
	insecureLoopback  bool
	allowPorts        []uint
	gates             bool
	visits            time.Duration
	// root pins a root key, given in any of its forms; without trustBundle there is no
	// network, and bundles are carried here.
	root, customer, trustBundle string
}

// isAirGapped reports whether everything comes in bundles that are carried here.
func (s *verifierSetup) isAirGapped() bool { return s.root != "" && s.trustBundle == "" }

// check reports everything that could not be served later.
func (s *verifierSetup) check() error {
	var problems []error
	if s.maxStatusAge < 0 || s.maxStatusAge == 0 && !s.isAirGapped() {
		problems = append(problems, misuse("--max-status-age %v: no status list is younger than that", s.maxStatusAge))
	}
	if len(s.site) > verifierserver.MaxSite {
		problems = append(problems, misuse("--site has %d bytes; %d at most", len(s.site), verifierserver.MaxSite))
	}
	if s.visits < 0 {
		problems = append(problems, misuse("--visits %v: say for how long visits are kept", s.visits))
	}
	if s.visits > 0 && !s.gates {
		problems = append(problems, misuse("--visits needs --gates: it is the gates that report visits"))
	}
	if s.root == "" && (s.customer != "" || s.trustBundle != "") {
		problems = append(problems, misuse("--customer and --trust-bundle go with --root: bundles are taken by the root key that is pinned"))
	}
	if len(s.customer) > bundle.MaxCustomer {
		problems = append(problems, misuse("--customer has %d bytes; %d at most", len(s.customer), bundle.MaxCustomer))
	}
	for _, port := range s.allowPorts {
		if port < 1 || port > math.MaxUint16 {
			problems = append(problems, misuse("--allow-port %d; give 1 to %d", port, math.MaxUint16))
		}
	}
	return errors.Join(problems...)
}

func initVerifier(setup verifierSetup) error {
	path := filepath.Join(setup.dir, verifierConfigFile)
	if _, err := os.Stat(path); err == nil {
		return misuse("%s is a verifier's folder already; choose another", setup.dir)
	}
	if err := setup.check(); err != nil {
		return err
	}
	if setup.root != "" {
		pin, err := readRoot(setup.root)
		if err != nil {
			return err
		}
		setup.root = pin.String()
	}
	if err := os.MkdirAll(setup.dir, 0o700); err != nil {
		return err
	}
	if setup.gates {
		if err := makeGateDatabase(context.Background(), filepath.Join(setup.dir, gatesFile)); err != nil {
			return err
		}
	}
	return writeNew(path, setup.text(), 0o600)
}

// text is the configuration file.
func (s *verifierSetup) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A verifier of Cyber Badges. docs/operations.md explains every setting; each can\n")
	fmt.Fprintf(&b, "# be overridden from the environment, for example CYBERBADGE_VERIFIER_LISTEN.\n")
	fmt.Fprintf(&b, "verifier:\n  site: %q\n  listen: %q\n  trust: %s\n", s.site, s.listen, trustFile)
	if s.maxStatusAge == 0 {
		fmt.Fprintf(&b, "  max_status_age: 0s # the bundle's own limit counts\n")
	} else {
		fmt.Fprintf(&b, "  max_status_age: %s\n", s.maxStatusAge)
	}
	if s.insecureLoopback || len(s.allowPorts) > 0 || s.isAirGapped() {
		fmt.Fprintf(&b, "  fetch:\n")
	}
	if s.isAirGapped() {
		fmt.Fprintf(&b, "    off: true # everything comes in bundles\n")
	}
	if len(s.allowPorts) > 0 {
		ports := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(s.allowPorts)), ", "), "[]")
		fmt.Fprintf(&b, "    allow_ports: [%s]\n", ports)
	}
	if s.insecureLoopback {
		fmt.Fprintf(&b, "    insecure_allow_loopback: true # for development only\n")
	}
	if s.root != "" {
		fmt.Fprintf(&b, "roots:\n  - root: %q\n", s.root)
	}
	if s.customer != "" {
		fmt.Fprintf(&b, "    customer: %q\n", s.customer)
	}
	if s.trustBundle != "" {
		fmt.Fprintf(&b, "    url: %q\n", s.trustBundle)
	}
	if s.gates {
		fmt.Fprintf(&b, "gates:\n  database: %s\n", gatesFile)
	}
	if s.visits > 0 {
		fmt.Fprintf(&b, "visits:\n  retention: %s\n", s.visits)
	}
	return b.String()
}
