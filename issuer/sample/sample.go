// Package sample holds a made-up service program of 240 people, exported in the
// real formats of the systems it would come from, and the standing each person
// has under the reference policy. Every record is invented. The demonstration
// and the tests use it; README.md describes the files.
package sample

import "embed"

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
