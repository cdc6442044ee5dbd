// Package eventstream serves server-sent events (HTML, section 9.2): answers that
// never end, to readers who may be slow, gone without a word, or too many.
//
//	desk, err := eventstream.New(eventstream.Config{})
//	…
//	err = desk.Serve(w, r, eventstream.Reader{Who: client, Source: mailbox})
//
// A [Desk] admits readers and keeps each stream going: something is sent every
// [Heartbeat], so that what lies between keeps the connection and either side
// notices that the other is gone; a write that takes longer than [WriteTime] ends it;
// after about [Life] the reader is asked to come again; and at [Desk.End] all are
// told goodbye. What is sent comes from a [Source] of the reader's own. It never
// waits for the reader: one who can't keep up is told "dropped" and closed, and looks
// anew at everything when it is back.
//
// A [Hub] is sources for readers of topics: what is told to a topic goes into a
// bounded [Mailbox] of each.
//
// # What goes over the stream beside events
//
//	: still here                       heartbeat, a comment
//	event: dropped                     events are lost: {"reason": …}
//	event: bye                         a [Parting]: come again
package eventstream
