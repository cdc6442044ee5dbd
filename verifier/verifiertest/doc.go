// Package verifiertest is the test kit for programs that embed a verifier: a
// fixed trust list, status lists that can be made to fail in every way, and the
// table of attacks that every front end of the verifier has to refuse alike.
//
// The keys and the clock are those of package credentialtest. They are public:
// nothing here may be trusted outside of a test.
//
// # The table of attacks
//
// The files verifier/testdata/attacks/*.json each hold an array of cases. A case
// says how its input is made, what is asked, and which reason and code the
// answer must have:
//
//	{
//	  "id": "A2-lower-case-alg",
//	  "comment": "alg is compared byte for byte",
//	  "build": {"header": {"set": {"alg": "es256"}}},
//	  "want_reason": "unsupported",
//	  "want_code": "jose_alg_not_allowed"
//	}
//
// Everything that a case does not mention is as an honest holder, an honest
// issuer and a careful site would have it, so that each case shows one thing. A
// member that is not known is an error. [Cases] makes the inputs; [Run] has a
// front end decide each and compares.
package verifiertest
