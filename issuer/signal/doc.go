// Package signal tells other systems at once that a badge is not good any more: a
// transmitter of the OpenID Shared Signals Framework 1.0 (SSF) with the events of
// CAEP 1.0, over push (RFC 8935) and poll (RFC 8936).
//
// # Receivers and streams
//
// A receiver is another system. The office registers it, with its audience, the types
// of events that it may have, the algorithm of its signatures and the format in which
// it knows people ([Desk.Register]); no receiver can change any of that. With the API
// token that it gets it makes one stream and says where events go, and of whom.
//
//	office ── Register ──▶ receiver ── Create ──▶ stream ◀── events of every change
//	                                               │ push: we call, one SET each
//	                                               └ poll: it calls, and acknowledges
//
// # What is sent
//
// A security event token (SET, RFC 8417) per event, receiver and change. It names the
// person as badges do, by an opaque subject, and nobody otherwise; no name, no course,
// no device and none of an officer's words is in it:
//
//	{"iss":"https://badge.vendor.example","jti":"…","iat":1795000200,"aud":"https://gate.customer.example","txn":"…",
//	 "sub_id":{"format":"iss_sub","iss":"https://badge.vendor.example","sub":"7Q2K9"},
//	 "events":{"https://schemas.openid.net/secevent/caep/event-type/credential-change":{
//	   "credential_type":"verifiable-credential","change_type":"revoke","event_timestamp":1795000195,
//	   "initiating_entity":"policy","reason_admin":{"en":"…"},
//	   "badge":{"status_list":"https://badge.vendor.example/status-lists/7","index":413412,"status":"invalid"}}}}
//
// badge is a member of our own, for receivers that were registered for it: it names
// one badge as status lists do, and what the list says of it from this change on.
//
// # What is promised
//
//   - No change without its signals, and none that was not made: both are written in
//     one transaction (store.Signaller).
//   - At least once: what was taken is forgotten, everything else is sent again, also
//     after the process was killed. A SET keeps its jti, its iat and its content.
//   - No order. Of one person one SET is under way at a time, yet one that is refused
//     is tried again after those that follow.
//   - Patience, bounded: a receiver that does not answer is asked again after a second,
//     then twice as long each time up to [MaxRetry], one SET at a time, for [Life].
//     What it says is wrong with a SET is tried [MaxRefusals] times, then kept for
//     somebody to look at. Of more than store.MaxSignalsWaiting on a stream the oldest
//     are given up and counted.
//   - Independence: a receiver that hangs holds up nobody but itself.
//
// SETs are signed when they are delivered, not when they are queued: a key that was
// stopped meanwhile signs nothing that waits, and one that was retired is not needed
// for what a paused stream sends days later.
//
// A signal is a hint. The status list is the authority, and it is published whether or
// not anybody hears of it.
package signal
