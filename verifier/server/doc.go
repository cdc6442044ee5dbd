// Package server is the verifier as a service: for turnstiles, jump hosts and
// logins that ask over HTTP instead of embedding package verifier, and for the
// tablets of guards.
//
//	service, err := server.New(server.Config{Verifier: v, Site: "plant 7", Logger: logger})
//	service.Handler()    // for the public listener
//	service.Operations() // for the operator's own: /metrics, /healthz, /readyz
//
// # Public addresses
//
//	POST /v1/verify      a decision on a presentation
//	GET  /v1/authorize   forward auth, for nginx, Caddy and Traefik
//	DELETE /v1/grants/{decision}   what it allowed is over
//	GET  /healthz        the process answers
//	GET  /readyz         it can decide
//	GET  /openapi.json   all of this as OpenAPI 3.1
//
// A badge that is refused is an answer, not an error: /v1/verify gives 200 with
// the decision, denied ones too. Problems (RFC 9457) are for calls that are
// themselves wrong. Whoever can reach the service can ask it: it belongs on a
// network that only the site's own machines reach.
//
// # Gates
//
// With [Config.Gates] the service has a page for guards, and what it calls:
//
//	GET  /gate/               the page; beside it service-worker.js and manifest.webmanifest
//	GET  /assets/{name}       what the page is made of
//	POST /gate/v1/pairing     a pairing code and a key make a tablet a gate
//	POST /gate/v1/nonce       what to sign to open a session
//	POST /gate/v1/session     the signed nonce opens one: a cookie
//	GET  /gate/v1/settings    what the gate is and asks for
//	GET  /gate/v1/bundle      trust list and status lists, to decide without a connection
//	POST /gate/v1/decisions   a decision on what was scanned
//	GET  /gate/v1/pictures    a person's picture, fetched from its issuer for the gate
//	POST /gate/v1/visits      records for the register of visits
//	GET  /gate/v1/present     who is on site
//	GET  /gate/v1/events      server-sent events: lists changed, a decision has ended
//
// All but the page, pairing, nonce and session need the session. Access, site and
// policy of a decision are the pairing's; the tablet sends what it scanned and
// nothing else. A code that a gate has accepted is accepted there again, and
// nowhere else.
//
// Pages of other sites can call none of this: the cookie is SameSite=Strict, what
// changes something must be sent as JSON, which no form can, and Sec-Fetch-Site
// and Origin are looked at where a browser sends them. There is no CORS.
//
// A picture is fetched only from below the URL of a trusted issuer, and answered
// only if it has the digest that the issuer signed and a format that runs nothing.
// So a tablet gets nothing through this service that a badge does not name, and
// people's browsers tell the issuer nothing.
//
// # Grants
//
// A decision that allowed something is a grant until its badge expires, whatever came
// of it. When a newer list or a signal says that the badge is revoked or suspended,
// the gate that was told of the decision hears it over its event stream, other systems
// over [Config.Webhooks], and the log has it. Whoever has ended what a decision allowed
// says so with DELETE /v1/grants/{decision}: nothing is told of it any more. Any caller
// of this service may, who knows the id: it is random, and told only to who asked for
// the decision. So a proxy must not hand X-Badge-Decision on to people who reach this
// service. Grants are in memory; see package grant for what is lost with it.
//
// # Forward auth
//
// The proxy sends a copy of each request's header to /v1/authorize. The
// presentation is the bearer token of its only Authorization header. What it is
// judged for, [Config.AuthorizeAccess], is configuration: everything else in
// that request is the client's to choose, so nothing else is read, neither
// X-Forwarded headers nor the query. A 204 always carries every X-Badge header
// of the table, so that a proxy that copies them overwrites whatever the client
// sent under those names. Values are percent-encoded outside of printable ASCII.
//
//	X-Badge-Decision   the decision's id            204 and 403
//	X-Badge-Reason     ok, or why not               204 and 403
//	X-Badge-Subject    who, unique for one issuer   204
//	X-Badge-Issuer     whose word that is           204
//	X-Badge-Access     onsite or remote             204
//	X-Badge-Expires    when the badge does, RFC 3339  204
//
// A proof is good once and for 90 seconds, so each request needs one of its own.
// That suits programs that hold the badge's key. It does not suit browsers: a
// page that loads twenty files would need twenty proofs, and a login session
// does not exist here. Nor does a 204 outlive its request: a proxy must not
// cache it, and a connection that was upgraded lives on after the badge died.
//
// Proxies differ in what they make of an answer: nginx turns everything but
// 2xx, 401 and 403 into a 500. It is closed either way. Only an overload, which
// nobody on the customer's side caused, is told as 403 there instead of 503.
//
// # What surrounds the handlers
//
// The request id, the access log, recovery from panics and the timeouts come
// from the HTTP server that [Server.Handler] is mounted on. No metric has a label
// that a caller can choose. Of what a caller sends, the log has the request id
// and the site, both bounded and escaped, and never a presentation, a name, a
// path, a query or an address.
package server
