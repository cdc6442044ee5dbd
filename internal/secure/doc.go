// Package secure sets the response headers that tell a browser what it must not
// do with an answer.
//
// There are two profiles. An API answer is data: nothing may be loaded, run or
// framed on its behalf. A page may run its own scripts, from its own origin, and
// nothing else; what one page needs beyond that (WebAssembly, the camera) is
// switched on by name in [Page].
//
// The headers are set before the handler runs, so a handler can replace one for
// an answer of its own: a public status list sets its own Cache-Control.
//
// Pages run under require-trusted-types-for 'script'. The only Trusted Types
// policy that may be made is the one named [TrustedTypesPolicy]; pages need it
// to register their service worker and to start their workers.
package secure
