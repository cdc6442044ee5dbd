// Package clientcredentials gets access tokens with a client's own credentials
// (OAuth 2.0, RFC 6749, section 4.4), for programs that call an API in nobody's
// name.
//
// [Tokens] keeps a token until shortly before its end. Callers who need one at the
// same time share one call. A token that the API refuses, because it was revoked
// before its time, is replaced when the caller says which one it was; a caller asks
// for that once for each of its own calls, or a wrong permission would have it sign
// in for ever.
//
//	token, err := tokens.Token(ctx, "")
//	// … the API answers 401:
//	token, err = tokens.Token(ctx, token)
//
// No error repeats the credentials, the token, or what the answer says beside its
// error code: sign-in services put ids into their descriptions.
package clientcredentials
