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
//	GET /v1/events                   which list has changed, as server-sent events
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
// # Caches, and being told
//
// A verifier that follows the event stream hears of a revocation at once and has the
// list by then, or fetches it at once. So a cache on the way may hold a list for one
// second: long enough for a thousand verifiers to be answered by it, and short enough
// to be no lag of its own. It may go on for the list's ttl while the issuer can't be
// reached; verifiers judge a list's age by what is signed in it.
//
// The stream is a hint: what comes is a signed list, to be verified as any, or only
// its address. Of several changes of one list a slow reader gets the last; one who is
// so slow that other lists' changes are lost is told "dropped". Streams end with "bye"
// after half an hour and when the service stops: call [Server.EndStreams] then.
// Whoever comes back with the id of the last event goes on there, if that was here and
// is not long ago; else all lists are named.
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
// # Customers
//
// Anybody may raise a concern about the person of a badge that they have seen; the
// page at /concern, below the issuer's URL, makes the call. The answer is the same
// whether or not there is such a badge.
//
//	POST /concerns                   becomes a case at the office
//
// # Officers
//
// They sign in at the vendor's identity provider (package office says how) and are
// known by a session, a cookie, from then on. What a role may do is what tokens with
// its scopes may do: [ScopesOf]. What takes two is proposed and approved.
//
//	GET  /office/sign-in             to the provider; ?fresh=1 to show credentials again
//	GET  /office/callback            back from it
//	POST /office/sign-out
//	GET  /v1/me                      who calls, and what they may do
//	GET  /v1/officers                officers          also POST and DELETE, for the operator
//	GET  /v1/proposals[/{id}]        proposals         also POST
//	POST /v1/proposals/{id}/approve  proposals         an admin in person; also reject, withdraw
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
//	GET    /v1/cases[/{id}]            cases           customers' concerns
//	POST   /v1/cases/{id}/close        cases           also suspend, reinstate
//	DELETE /v1/cases/{id}/reporter     cases           forgets who raised it
//	GET    /v1/tokens                  tokens          also POST, and DELETE /v1/tokens/{id}
//
// The program runs by itself; this is how it is looked at and spoken to:
//
//	GET    /v1/program/status          program:read    what is due, who is where, what is stuck
//	GET    /v1/program/forecast        program:read    who will lose what, and what follows
//	POST   /v1/program/advance         program:write   works off what is due; confirms mass silence, in person
//	GET    /v1/people/{ref}/program    program:read    where somebody stands on the ladder
//	POST   /v1/people/{ref}/suspend    badges:revoke   also reinstate
//	GET    /v1/people/{ref}/holds      program:read    also POST, with program:write
//	GET    /v1/holds                   program:read
//	POST   /v1/holds/{id}/end          program:write
//	GET    /v1/messages[/{id}]         program:read
//	POST   /v1/messages/{id}/resend    program:write   also confirm, in person
//	GET    /v1/policies                program:read    also POST, for the operator
//	GET    /v1/people/{ref}/export     people:erase
//	DELETE /v1/people/{ref}            people:erase
//	GET    /v1/audit/events            audit:read
//	POST   /v1/audit/verify            audit:read
//
// What looks like a mistake of a machine, an import by which too many lose their
// standing and lock-outs beyond the limit, is confirmed by a person: an officer who
// is signed in, or the operator. A token can't, whatever its scopes. A policy is put
// in force by a proposal that two agree on, or by the operator.
//
// Other systems push evidence, and are asked for it:
//
//	POST   /v1/evidence/training       evidence:write  statements, or CSV with ?table=
//	POST   /v1/evidence/devices        signed webhooks instead of a token
//	POST   /v1/evidence/hints/{source} anybody         where to look; nothing in it is believed
//	GET    /v1/evidence/sources        standing:read   how the sources are doing
//	POST   /v1/evidence/sources/{source}/accept  import  its next word is right
//
// Identity providers provision people by SCIM 2.0 at /scim/v2, with the scope scim:
// Users, Groups, ServiceProviderConfig, ResourceTypes and Schemas. Package scim says
// what they do. Errors are in the words of SCIM and not problems.
//
// Other systems are told at once when a badge is not good any more (package signal):
// the office registers them, and each sets its stream up with the token that it gets.
//
//	GET    /.well-known/ssf-configuration  anybody     also /ssf/jwks.json
//	POST   /ssf/streams                signals         also GET, PATCH, PUT and DELETE
//	POST   /ssf/status                 signals         also GET; subjects/add, subjects/remove, verify
//	POST   /ssf/poll/{id}              signals         waits for up to 20 seconds
//	GET    /v1/signals[/{name}]        program:read    the receivers, and how their streams are doing
//	POST   /v1/signals                 program:write   in person; also DELETE /v1/signals/{name}
//	POST   /v1/signals/{name}/pause    program:write   also resume, resend
//	POST   /v1/signal-keys             program:write   in person: another RSA key
//
// {ref} is a person's id or external id. A call carries an API token as
// "Authorization: Bearer cb_…", or an officer's session and never both, and needs the
// scope beside its address. A token
// is 32 random bytes; only the SHA-256 of its text is kept. There is no first
// token, no password and no set-up address: the first token comes from the
// operator, through [Server.Local].
//
// Calls that change something can be repeated: an import of the same files
// changes nothing, a badge that is revoked stays so with its first reason, a
// token stays revoked. Only issuing makes another badge each time, and inviting
// another invitation.
//
// # Limits
//
// Each token and each session may make so many calls, and each address of who has
// neither; [Limits] says how many. Who calls too much is answered too_many_requests
// (429) with Retry-After, and costs nobody else anything. Status lists, keys and
// pages have a limit of their own, which no verifier comes near; health has none. Event
// streams are bounded by their number, in all and of each address.
//
// # What surrounds the handlers
//
// The request id, the access log, recovery from panics and the timeouts come
// from the HTTP server that the handlers are mounted on. Its bound on bodies
// must be [MaxImport] or more for imports to get through, and its read and write
// timeouts are the time that an upload, or reading everybody's standing, may
// take. Neither logs nor metrics hold names, tokens, badges, paths or queries.
package server
