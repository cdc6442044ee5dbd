// Package call asks other systems for evidence over HTTP: with a credential,
// patiently where they ask for patience, and within bounds.
//
// A source that answers 429 or 503 is waited for as long as it says (Retry-After)
// and as [MaxWait] allows, so that a long listing does not begin anew at every
// request too many. Whatever else is not an answer is an error, and the runner
// comes back later. Addresses that an answer names must be on the host that was
// configured: they are followed with our credential.
package call
