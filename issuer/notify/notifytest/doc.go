// Package notifytest is the test kit of package notify: an outbox in memory, a
// directory of made-up people, and the tests that every outbox has to pass.
package notifytest
