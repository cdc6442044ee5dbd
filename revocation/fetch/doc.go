// Package fetch gets status lists over HTTP. It is the revocation.Fetcher of a
// program that has a network:
//
//	lists, err := fetch.New(fetch.Config{})
//	…
//	gate, err := verifier.New(verifier.Config{Trust: trust, Fetcher: lists})
//
// It is a package of its own so that a verifier without a network, in a browser
// or at an air-gapped site, has no HTTP client in it.
//
// The URL of a list stands in the badge, so in a sense whoever shows a badge
// chooses where a request goes. The verifier asks only for lists of a badge with
// a good signature, under the prefix that its trust list names; and this client
// calls only public addresses over https, follows no redirect, and bounds time
// and size, unless its [Config] says otherwise. What it gets is not trusted: the
// list's own signature is verified by whoever asked for it.
package fetch
