// Package problem says what was wrong with a request, as RFC 9457
// application/problem+json, the same way on both servers:
//
//	HTTP/1.1 413 Request Entity Too Large
//	Content-Type: application/problem+json
//
//	{"type":"urn:cyberbadge:problem:request_too_large",
//	 "title":"Request too large","status":413,
//	 "detail":"The body may be at most 16384 bytes long.",
//	 "code":"request_too_large",
//	 "instance":"urn:cyberbadge:request:7QK3…"}
//
// A handler that cannot answer returns an error and its server hands that to
// [WriteError]. [From] is the only place in which an error becomes a status: an
// [*Error] says itself what the caller may know, a few errors of the standard
// library have a fixed answer, and everything else is a 500 that tells the
// caller nothing and the log everything.
//
// A badge that is refused is no problem but an answer (200 with a decision).
// Problems are for calls that are themselves wrong, and for servers that cannot
// decide.
package problem
