// Package fleet reads devices out of Fleet (fleetdm.com):
//
//	GET {url}/api/v1/fleet/hosts?order_key=id&after=…&populate_policies=true&device_mapping=true
//
// with the token of an API-only user whose role is observer. Pages go on behind
// the last id, so that hosts which come and go meanwhile make it skip nobody.
// Every reading is a whole listing.
//
// Fleet has no verdict on a host: it is "compliant" when it passes its policies,
// or those in [Config.Policies], "noncompliant" when it fails one, and "unknown"
// while one has not been answered. What it reported is as old as the older of its
// details and its policies, whatever its last contact.
//
// Whose a host is, Fleet knows by mail addresses, which [source.Directory] turns
// into people. A host that leads to two people by the surest way Fleet has is
// nobody's, with a notice.
//
// # The webhook
//
// Fleet's webhook for failing policies is not signed, comes once a day by default
// and never says that something is mended. It is a hint to read hosts again
// ([Manager.Reread]) and nothing that it says is believed.
package fleet
