// Package cyberbadge is where the project's documents are held to its code by
// tests; it has no code of its own. Customers start at package verifier, vendors
// at package issuer, whoever wants to know what a badge is at package credential.
package cyberbadge
