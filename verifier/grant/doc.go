// Package grant remembers what was let in on a badge, so that it can be ended when
// the badge is no longer good.
//
// A decision is about an instant. The door it opened, the remote session that it
// began, last longer, and the badge may be revoked meanwhile. A [Register] keeps
// the decisions that allowed, for as long as their badges last; when a newer list
// or a signal says that a badge is revoked or suspended, it says which decisions
// rested on it:
//
//	granted, err := grant.New(grant.Config{
//		Status: gate.Status,
//		Ended:  func(e grant.Ending) { sessions.Close(e.Decision) },
//	})
//	…
//	stop := gate.OnList(granted.Changed)
//	defer stop()
//	…
//	if decision := gate.Verify(ctx, presentation, request); decision.Allow {
//		granted.Note(decision)
//	}
//
// # What it does not do
//
// It keeps nothing over a restart, and it ends nothing by itself. A grant whose
// badge expires is forgotten without a word: whoever grants something MUST NOT let
// it last beyond the badge's expires. It remembers [MaxGrants], and of one badge
// [MaxGrantsOfBadge]: who ends everything that rests on the badge of an [Ending]
// (issuer, list and index), and not that decision alone, depends on neither.
//
// Package webhook tells other systems of endings.
package grant
