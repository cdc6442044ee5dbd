// Package conformance holds tests against what others wrote: public test
// vectors, other Go libraries as oracles, and other implementations of SD-JWT VC
// and of status lists. It is a module of its own, so that none of it reaches the
// dependencies of a program that embeds the verifier.
//
// The peers of the JavaScript world are in npm/, with every version pinned;
// "npm ci --ignore-scripts" there installs them. A test that needs them fails
// when they are missing: a skipped comparison would look like a passed one.
package conformance
