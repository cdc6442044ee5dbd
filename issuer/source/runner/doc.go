// Package runner asks each configured source for what is new, again and again, and
// has it taken in.
//
// Each source has a goroutine, an interval and a cursor. What one brings goes into
// the store in one transaction, and only then the cursor moves, so that a stop in
// between repeats a part and loses nothing. A source that fails is asked again
// after a growing pause, or when it says itself; meanwhile what it brought stays
// as it was.
//
// # A broken source locks nobody out
//
//   - One that does not answer changes nothing. Silence counts against a device
//     only by the policy's rule on when it was last seen.
//   - Half an answer is an error and changes nothing.
//   - A device that a whole listing lacks is gone only when the next one lacks it,
//     too: it may have been passed over while others came and went.
//   - A listing or a delta after which more than [MaxLoss] of a source's devices
//     would be gone removes none. What it does say of devices is taken in; the
//     failure is reported, and somebody who knows that it is right says so with
//     [Runner.Accept].
//   - What would cost more people their good standing than the program allows is
//     refused whole by the program. Accept confirms that, too.
//   - Records whose times lie in the future, or years back, go in as they are: the
//     policy judges them.
//
// # Hints
//
// [Runner.Hint] is for webhooks that can't be trusted: they make the runner look
// at a few devices earlier than it would, within [HintGap] and [MaxHints], and say
// nothing else.
package runner
