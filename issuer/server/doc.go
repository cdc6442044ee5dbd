// Package server is the issuer over HTTP: what verifiers fetch, and what the
// program office does.
//
//	service, err := server.New(server.Config{Program: program, Tokens: database, Logger: logger})
//	service.Handler()    // for the public listener
//	service.Local()      // for a unix socket of mode 0600, or for calls in process
//	service.Operations() // for the operator's own listener: /metrics, /healthz, /readyz
//
// # Public addresses
//
// Anybody may read these, pages of other origins included (but for pictures). The status lists and
// the type are below the issuer's URL, because badges name them by it; for an
// issuer whose URL has a path, the metadata stands also where SD-JWT VC looks
// for it, with the path behind the well-known name.
//
//	GET /.well-known/jwt-vc-issuer   who the issuer is and its badge keys
//	GET /status-lists                which status lists there are
//	GET /status-lists/{id}           a signed status list
//	GET /pictures/{name}             a portrait, for who holds a badge that names it
//	GET /vct/cyber-badge/1           what the claims of a badge are, in four languages
//	GET /trust-list.json             what a customer's verifier pins
//	GET /.well-known/openid-credential-issuer, /.well-known/oauth-authorization-server
//	                                 what wallets need to know
//	GET /healthz, /readyz            the process answers; the store does
//	GET /openapi.json                all of this as OpenAPI 3.1
//
// The trust list is public, but fetching it over the network and pinning what
// came is trusting the network. It must reach the customer by a way that the
// customer trusts: handed over, signed, or compared key by key.
//
// # Phones
//
// OpenID4VCI 1.0, below the issuer's URL; package enrol says what it does. Pages of
// other origins may call. Errors are in the words of OAuth and not problems.
//
//	GET  /credential-offers/{id}     what an invitation offers
//	POST /token                      code, or refresh token, for tokens
//	POST /nonce                      a nonce for key proofs
//	POST /credential                 badges
//	POST /notification               what the phone did with them
//
// # The office
//
//	POST   /v1/import                  import          evidence from other systems
//	GET    /v1/people[/{ref}]          people:read
//	GET    /v1/people/{ref}/portrait   people:read
//	PUT    /v1/people/{ref}/portrait   import          a picture as the body; also DELETE
//	GET    /v1/standing                standing:read   everybody's
//	GET    /v1/people/{ref}/standing   standing:read
//	POST   /v1/people/{ref}/badges     badges:issue
//	GET    /v1/people/{ref}/badges     badges:read
//	POST   /v1/people/{ref}/invitations  badges:issue  ends the phone before
//	GET    /v1/people/{ref}/invitations  badges:read
//	GET    /v1/badges/{id}             badges:read
//	POST   /v1/badges/{id}/revoke      badges:revoke   also suspend, reinstate
//	GET    /v1/tokens                  tokens          also POST, and DELETE /v1/tokens/{id}
//
// {ref} is a person's id or external id. A call carries an API token as
// "Authorization: Bearer cb_…" and needs the scope beside its address. A token
// is 32 random bytes; only the SHA-256 of its text is kept. There is no first
// token, no password and no set-up address: the first token comes from the
// operator, through [Server.Local].
//
// Calls that change something can be repeated: an import of the same files
// changes nothing, a badge that is revoked stays so with its first reason, a
// token stays revoked. Only issuing makes another badge each time, and inviting
// another invitation.
//
// # What surrounds the handlers
//
// The request id, the access log, recovery from panics and the timeouts come
// from the HTTP server that the handlers are mounted on. Its bound on bodies
// must be [MaxImport] or more for imports to get through, and its read and write
// timeouts are the time that an upload, or reading everybody's standing, may
// take. Neither logs nor metrics hold names, tokens, badges, paths or queries.
package server
