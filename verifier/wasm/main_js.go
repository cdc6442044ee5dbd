// Command wasm is the verifier in a browser: package verifier, compiled to
// WebAssembly, so that a page decides as a server does because it runs the same
// code. It is built into the pages in web, by make web.
//
// Running it sets one global, cyberbadge, which web/src/verifier types and
// wraps:
//
//	cyberbadge.open(settings, fetchList?)   a verifier, or an Error
//	cyberbadge.unpack(code)                 the presentation in a gate code, or an Error
//	cyberbadge.reasons                      every reason that a decision can have
//
//	verifier.verify(presentation, request)  Promise of a decision
//	verifier.loadList(issuer, uri, token)   undefined, or an Error
//	verifier.useBundle(text)                the bundle that is held from now on, or an Error
//	verifier.lists()                        the lists that are held: issuer, URI, times
//	verifier.setClockOffset(milliseconds)   undefined, or an Error
//	verifier.close()
//
// Settings, request and decision are JSON texts: [settings], [request] and
// verifier.Decision. Go cannot throw, so what fails returns an Error, whose
// member code is the check that failed, where it was a check.
//
// # Connections
//
// The command opens none. It asks fetchList for a status list, a function from a
// URI to a Promise of the token, and only for lists that the trust list allows of
// a badge whose signature and holder were found good. Without that function only
// lists given to open and loadList are known.
//
// # What it cannot promise
//
// A page runs what its server sent. A decision made here is worth what the page's
// origin is worth, and the clock, the memory and the lists are those of whoever
// owns the device.
package main

import "syscall/js"

func main() {
	js.Global().Set("cyberbadge", newAPI())
	select {} // scripts call from now on
}
