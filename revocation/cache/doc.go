// Package cache keeps status lists in a folder, so that a verifier that was
// restarted, or whose power was cut, goes on deciding without a network, and
// remembers how new a list it has seen:
//
//	lists, err := cache.Open("lists")
//	…
//	gate, err := verifier.New(verifier.Config{Trust: trust, Fetcher: fetcher, Cache: lists})
//
// A list is a file of its own, named by what it is a list of. It is written beside
// its place, brought to the disk and then moved there, so that there is the old list
// or the new one, whatever dies in between. What a file holds is signed by the issuer
// and verified again by whoever reads it: the folder needs no secrecy, and who
// changes it can take lists away, or put older ones in their place, which only the
// site's limit on their age answers.
//
//	cyberbadge-list 1
//	https://issuer.example
//	https://issuer.example/status-lists/1
//	<the token>
package cache
