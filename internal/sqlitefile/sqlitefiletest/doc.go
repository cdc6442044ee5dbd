// Package sqlitefiletest is for tests of what is kept in SQLite files: it kills a
// process while it works and has what is left looked at, and makes the errors of a
// broken disk.
//
// The process is the test's own program, started a second time:
//
//	func TestMain(m *testing.M) { sqlitefiletest.Main(m, work) }
//
// where work writes for as long as it is let and acknowledges each write when the
// database has. What was acknowledged must be found afterwards.
package sqlitefiletest
