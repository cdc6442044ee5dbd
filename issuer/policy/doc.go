// Package policy turns evidence into standing: whether one person may hold a
// badge at one instant, for which access, every reason why not, and when that
// answer will change by itself.
//
// A [Policy] is read from a YAML file by [Parse]; [Default] is the reference
// policy and [DefaultYAML] its commented text, to be copied and changed:
//
//	version: 1
//	name: Reference policy
//	courses:
//	  - {code: CB-101, title: Secure operation principles, standard: IEC 62443-2-4, valid_for: 365d}
//	everyone:
//	  courses: [CB-101]
//	devices:
//	  compliance: [compliant, inGracePeriod]
//	  encrypted: required
//	  minimum_os: {Windows: 10.0.22631, macOS: 14.6.0}
//	  seen_within: 7d
//	access:
//	  onsite: {except_roles: [remote-support]}
//	  remote: {courses: [CB-101]}
//
// # How standing is decided
//
// The base comes first: the person is employed, holds every course that
// everyone needs, and has at least one device, each of which passes every device
// rule. All that is wrong with the base is reported at once. Only when nothing
// is, the access rules are asked; whoever is left with no access is not
// eligible, for the reasons that kept each access away.
//
// Every span is half open. A course completed at t and good for d counts on
// [t, t+d): at t+d it has expired. A device last seen at t counts as seen on
// [t-[MaxClockSkew], t+d): at t+d it is stale, and a report stamped further
// ahead is not believed until the clock gets there. Training stamped after the
// instant asked about does not count yet, and gets no such allowance.
//
// Standing is a pure function: no clock, no I/O, no memory. It trusts its
// evidence; whether a record is genuine is for whoever received it.
package policy
