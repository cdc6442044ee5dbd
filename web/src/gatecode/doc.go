// Package gatecode holds the gate codes that pages make, in TypeScript beside
// this file, to those of package credential/qr.
//
// A phone packs a code in TypeScript and a gate unpacks it in Go, or the other way
// round; docs/gate-code.md describes the frame. The tests ask answer.mjs, which runs
// the TypeScript in Node, and package qr the same: for the frozen codes, for badges
// drawn at random, and for codes that were damaged where their reader has to look.
// Both must give the same text, or refuse with the same code. There is no Go code
// here beside the tests.
package gatecode
