// Package credentialtest makes badges for tests: fixed keys, a fixed instant, a
// person with every claim, and the means to sign what an honest issuer would
// never sign.
//
// It serves this project's tests and those of programs that embed a verifier.
// Its private keys are public. Nothing here may be trusted outside of a test.
package credentialtest
