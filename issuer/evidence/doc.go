// Package evidence holds what the program knows about a person: who they are,
// what they were trained in and what equipment they carry.
//
// The types are plain records. They say nothing about eligibility (that is
// package policy), nothing about where they came from on the wire (package
// source) and nothing about how they are kept (package store); all three speak
// these types to each other.
//
// Every record carries the identity that its source gave it, because a source
// sends the same record again and again: two records of one kind with the same
// [Origin] are the same record, and the later one replaces the earlier.
package evidence
