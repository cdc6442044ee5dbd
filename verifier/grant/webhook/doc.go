// Package webhook tells other systems that something must not last any longer that a
// badge allowed, by signed webhooks (Standard Webhooks, see internal/webhook):
//
//	{"type":"grant.ended","timestamp":"2026-11-23T08:00:00Z","data":{
//	  "decision":"QJ3…","at":"…","access":"remote","site":"Plant 7",
//	  "issuer":"https://badge.vendor.example","subject":"k7Qm…",
//	  "status_list":"https://badge.vendor.example/status-lists/1","index":4711,
//	  "expires":"…","reason":"revoked","ended_at":"…"}}
//
// The data is a [grant.Ending]: no names leave this way. A receiver ends what the
// decision allowed, and best everything that rests on the badge (issuer, status_list
// and index).
//
// # Delivery
//
// [Sender.Ended] queues and returns; [Sender.Run] delivers, [Workers] at a time to
// each receiver, so that one that hangs holds up no other. Any answer but 2xx is a
// failure, after which the same message is sent again, with the same webhook-id: after
// a second, then after twice as long each time up to [MaxWait], or later where the
// receiver asks for it, [MaxAttempts] times in all, which takes about half an hour.
// No order is promised.
//
// # What is lost
//
// The queue is in memory: [MaxWaiting] messages for each receiver; what is beyond is
// dropped and counted. When the program ends, what is under way has [StopWithin] to
// arrive; what still waits then is lost, and each decision is named in the log. After
// a start nothing is known of what was granted before. Whoever grants something must
// not let it last beyond the badge's expires in any case.
package webhook
