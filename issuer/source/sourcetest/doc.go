// Package sourcetest has systems that evidence comes from, for tests: a record
// store, Microsoft Graph and Fleet, over HTTP, which behave as they are documented
// to and fail as they are told to.
package sourcetest
