// Package web holds the pages of Cyber Badge as they are built out of this folder
// by make web, and serves them.
//
//	pages, err := web.New(web.Config{TLS: true})
//	…
//	mux.Handle("GET /c", pages.Check())
//	mux.Handle("GET /concern", pages.Concern())
//	mux.Handle("GET /console/", pages.Console(web.Told{SignIn: true}))
//	mux.Handle("GET /badge/", pages.Badge())
//	mux.Handle("GET /gate/", pages.Gate())
//	mux.Handle("GET "+web.AssetsPath, pages.Assets())
//
// A page is one document and the files that it names, its assets. The name of an
// asset holds a hash of its content, so browsers may keep it for good; a document
// is asked for anew each time. Documents name their assets by the path in
// [Config], so a page may stand anywhere on its origin.
//
// Each page has the strictest headers that it works with; package secure
// describes them. Nothing is ever loaded from another origin.
//
// Without make web there are no pages in the program: every one is answered with
// 503 and what to do about it.
package web
