// Package strictjson reads JSON as a verifier must: one text has one meaning or
// none.
//
// Beyond RFC 8259 it refuses what other readers resolve differently from each
// other, because a difference between two readers is a way past one of them:
// a member name twice in one object (after escapes are resolved), bytes that
// are not UTF-8, escaped lone surrogates, a byte order mark, data after the
// value, and nesting beyond a bound. Numbers keep their text; [Value.Integer]
// takes only plain integers that every JSON reader represents exactly.
//
// Errors carry the codes json_invalid, json_duplicate_name and json_too_deep.
// A value is only returned when the whole text was good.
package strictjson
