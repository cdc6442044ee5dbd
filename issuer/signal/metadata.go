package signal

import (
	"context"
	"slices"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Paths under the issuer's URL.
const (
	// WellKnown stands before the path of the issuer's URL (SSF, section 7.2).
	WellKnown         = "/.well-known/ssf-configuration"
	KeySetPath        = "/ssf/jwks.json"
	ConfigurationPath = "/ssf/streams"
	StatusPath        = "/ssf/status"
	AddSubjectPath    = "/ssf/subjects/add"
	RemoveSubjectPath = "/ssf/subjects/remove"
	VerificationPath  = "/ssf/verify"
	PollPath          = "/ssf/poll/" // and the stream's id
)

// Delivery methods.
const (
	Push = "urn:ietf:rfc:8935"
	Poll = "urn:ietf:rfc:8936"
)

// oauth is the scheme that all receivers of CAEP know (CAEP Interoperability Profile,
// section 2.3.7).
const oauth = "urn:ietf:rfc:6749"

// Metadata describes the transmitter (SSF, section 7.1).
type Metadata struct {
	SpecVersion    string                `json:"spec_version"`
	Issuer         string                `json:"issuer"`
	KeySet         string                `json:"jwks_uri"`
	Delivery       []string              `json:"delivery_methods_supported"`
	Configuration  string                `json:"configuration_endpoint"`
	Status         string                `json:"status_endpoint"`
	AddSubject     string                `json:"add_subject_endpoint"`
	RemoveSubject  string                `json:"remove_subject_endpoint"`
	Verification   string                `json:"verification_endpoint"`
	Authorization  []AuthorizationScheme `json:"authorization_schemes"`
	DefaultSubject string                `json:"default_subjects,omitempty"`
}

// AuthorizationScheme says how receivers show who they are.
type AuthorizationScheme struct {
	URN string `json:"spec_urn"`
}

// Metadata returns what receivers begin with. It does not say of whom streams tell by
// default when that is not the same for all receivers.
func (d *Desk) Metadata(ctx context.Context) (Metadata, error) {
	receivers, err := d.cfg.Store.SignalReceivers(ctx)
	if err != nil {
		return Metadata{}, err
	}
	chosen := func(r store.SignalReceiver) bool { return !r.Everybody }
	subjects := "ALL"
	if slices.ContainsFunc(receivers, chosen) {
		subjects = ""
	}
	at := d.cfg.Issuer
	return Metadata{
		SpecVersion: "1_0", Issuer: at, KeySet: at + KeySetPath, Delivery: []string{Push, Poll},
		Configuration: at + ConfigurationPath, Status: at + StatusPath, AddSubject: at + AddSubjectPath,
		RemoveSubject: at + RemoveSubjectPath, Verification: at + VerificationPath,
		Authorization: []AuthorizationScheme{{oauth}}, DefaultSubject: subjects,
	}, nil
}
