// Package source reads people and evidence as other systems export them:
//
//   - [People]: a SCIM 2.0 ListResponse of User with the enterprise extension
//     (RFC 7643, RFC 7644), from an identity provider or HR system;
//   - [Training]: xAPI 1.0.3 statements, from a learning record store; [Statements]
//     are the same as they are pushed, [TrainingPages] as they are asked for;
//   - [Table]: the same as CSV, from a learning system that can no more;
//   - [Devices]: a Microsoft Graph managedDevice collection, plain or as a delta;
//     [DevicePages] is the same as it is asked for;
//   - [HostPages]: hosts as Fleet lists them;
//   - [DeviceReport]: a webhook of whatever else manages devices.
//
// The systems that are asked are in packages of their own: lrs, graph and fleet.
// Each is a [Feed], and package runner asks them again and again.
//
// Each reader reads one file as a stream and returns a [Result]. A record that cannot
// be trusted is left out, reported as a [Problem] that says where it is and what
// to do, and the rest goes in. Only a file that cannot be read as a whole is an
// error: not JSON, not this format, over [MaxFileSize] or [MaxRecords]. Then
// nothing goes in.
//
// # What is strict and what is not
//
// Members that are not needed are passed over: the formats are made to be
// extended. What is needed has to be unmistakable. A record with a repeated
// member (in any capitals, because two readers could pick different ones), text
// that is not UTF-8, a control character in a text, or a date without a time zone
// is refused. Text is otherwise kept byte for byte: names are neither trimmed
// nor normalised.
//
// A record that comes again under the same id counts once; if it says something
// else, the later one wins and a notice tells so. What a source withdraws is in
// [Result.Removed], so that the caller can withdraw what an earlier file brought.
//
// [Result.Hashes] has the SHA-256 of what each record was sent as, so that what is
// kept can be traced to it later.
//
// A photo that a person came with inline is made a portrait (package portrait) and
// is in [Result.Portraits]. One that is no good is a notice and leaves nobody out.
// One that is an address on the web is not fetched, which a notice tells.
//
// Whether the records fit together, and fit the policy, shows only once all
// three are at hand: [Check] says which do not. This package writes nothing and
// asks nobody; all its functions are safe for concurrent use.
package source
