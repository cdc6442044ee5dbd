// Package httpserver is what both servers share around their handlers: the life
// cycle, the bounds, and what is true of every request.
//
//	server, err := httpserver.New(httpserver.Config{Addr: ":8443", Handler: h, …})
//	err = server.Listen()      // an address in use fails here, before anything else starts
//	err = server.Serve(ctx)    // until ctx is done and the last request is answered
//
// Every request passes, from the outside in: the bound on its body, the request
// id, the access log, recovery from panics, then /healthz and /readyz, then the
// handler. Handlers report errors with package problem.
//
// Operators' addresses (/metrics, and the health checks once more) live on a
// listener of their own, which must not be reachable for the public.
//
// What the log never has: the query, the path as it was sent, the body, header
// values, names of people. A path or a query may hold a secret that was put
// there by mistake, so a request is logged under the pattern of its route, which
// the standard library's ServeMux sets by itself and other routers report with
// [SetRoute].
//
// [DecodeJSON] reads a request's JSON so that one text has one meaning.
package httpserver
