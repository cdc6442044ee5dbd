// Package officetest is for tests of what has to do with officers: [Records] keeps
// in memory what a store keeps, and [Provider] is an identity provider that signs
// whatever it is told to. It is no place for anything that is to last.
package officetest
