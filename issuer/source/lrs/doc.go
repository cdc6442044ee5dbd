// Package lrs reads training out of a learning record store (xAPI 1.0.3 and 2.0,
// Communication 2.1.3): the statements of four verbs, each with a query of its
// own,
//
//	GET {url}/statements?verb=…&since=…&ascending=true
//
// and the pages behind it, by the member "more". Statements that void others are
// among them, so that what is voided is taken back.
//
// # Nothing is missed
//
// A record store may make a statement visible later than the time under which it
// is stored. Each query therefore begins [Overlap] before the last statement that
// was seen, and not behind the time up to which the store calls itself consistent
// (X-Experience-API-Consistent-Through). What comes twice by that is known by its
// id. The cursor is in the store's own time, so that clocks need not agree, but
// never ahead of ours: one statement with a date years ahead would otherwise end
// the reading.
//
// One call reads at most [PagesPerCall] pages of each verb and hands over a cursor
// that goes on from there, so that a store with years of statements is read in
// parts, and a stop in between loses little. A store that does not heed
// ascending=true, or goes round in circles, is an error: going on would miss
// something.
package lrs
