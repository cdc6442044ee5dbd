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
//	badges: {stock: 2}
//	ladder: {remind: [30d, 14d, 7d, 1d], grace: 7d}
//	rules:
//	  - name: turbine-sites
//	    access: remote
//	    when: person.department == "Turbines"
//	    requires: training.exists(t, t.course == "CB-101" && t.valid)
//	    reason: Turbine sites need CB-101
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
//
// # Rules
//
// What data cannot say, a [Rule] says in CEL (https://cel.dev): "when" limits whom
// it is for, "requires" says what has to hold. A rule for an access is asked with
// that access, any other with the base. Expressions know
//
//   - person: id, external_id, role, organization, department, language
//   - training: for each course of the policy that was ever passed, its latest pass
//     or completion: course, at, until, valid
//   - devices: id, os, os_version, compliance, encrypted, last_seen, fresh
//
// and the macros all, exists, exists_one, filter and map. Versions are compared by
// os_version.atLeast("14.6"), because as text 9 is newer than 10.
//
// There is no "now": valid and fresh tell what the instant makes of the records, and
// they flip only at instants that the policy knows. A rule that reckoned with the
// time itself would change people's standing at instants that nobody could foresee,
// and suspensions and reminders would come late.
//
// Rules are compiled once, by [Parse], which reports mistakes of type and courses
// that the policy does not have. One that fails for somebody, or needs more than
// [MaxRuleCost], counts as not met and gives [RuleFailed]: in doubt, refuse. What
// CEL does not price by its work is left out: patterns, sums and comparisons of
// lists; and fields of dates, for which it reads the machine's files on time zones.
//
// # What is ahead, and what would be
//
// [Policy.Lapses] lists what a person will lose and when, if nothing comes; package
// ladder reminds of it. [Policy.Try] holds the policy to cases that somebody wrote
// down ([Cases]), and [Diff] says what another policy would do to whom, before it
// is put in force. [Policy.Digest] tells whether a standing is of this policy.
package policy
