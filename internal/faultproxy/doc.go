// Package faultproxy stands between a client and a server in tests, and breaks what
// passes between them in the ways that networks, their middle boxes and attackers
// do. What is broken is switched while both sides run ([Proxy.Set]), so that a test
// sees what a client does during a fault and when it is over.
//
// A [Proxy] speaks HTTP/1.1 over TLS to clients, with a certificate of its own that
// [Proxy.Roots] trusts, and plain HTTP to the server behind it. Faults of connections
// ([BlackHole], [Reset], [HalfOpen]) befall bytes, whatever they mean; the others
// befall whole answers, of event streams too. [Names] resolves names to an address
// that can change.
//
// It knows nothing of badges and lists: what an attacker would put in place of an
// answer, tests make themselves ([Instead]).
package faultproxy
