// Package sample holds a made-up service program of 240 people, exported in the
// real formats of the systems it would come from, and the standing each person
// has under the reference policy. Every record is invented. The demonstration
// and the tests use it; README.md describes the files.
package sample

import (
	"embed"
	"regexp"
	"time"
)

// Names of the files in [Files].
const (
	People   = "people.scim.json"     // SCIM 2.0 ListResponse of User
	Training = "training.xapi.json"   // xAPI 1.0.3 statements
	Devices  = "devices.graph.json"   // Microsoft Graph managedDevice collection
	Expected = "expected.json"        // standing under the reference policy, computed independently
	AsOf     = "2026-11-23T08:00:00Z" // the instant at which Expected holds
)

// Files holds the exports.
//
//go:embed people.scim.json training.xapi.json devices.graph.json expected.json
var Files embed.FS

// timestamp matches the instants in the exports.
var timestamp = regexp.MustCompile(`"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z"`)

// At returns a file of [Files] as its source would export it at another instant
// than [AsOf]: every time in it is as long ago as it was then, so everybody's
// standing is the same.
func At(file string, at time.Time) ([]byte, error) {
	text, err := Files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	asOf, err := time.Parse(time.RFC3339, AsOf)
	if err != nil {
		return nil, err
	}
	shift := at.Sub(asOf)
	return timestamp.ReplaceAllFunc(text, func(quoted []byte) []byte {
		was, err := time.Parse(time.RFC3339Nano, string(quoted[1:len(quoted)-1]))
		if err != nil {
			return quoted // not an instant after all
		}
		return []byte(`"` + was.Add(shift).UTC().Format(time.RFC3339Nano) + `"`)
	}), nil
}
