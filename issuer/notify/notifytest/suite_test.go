package notifytest

import "testing"

func TestOutbox(t *testing.T) {
	t.Parallel()
	RunOutboxTests(t, func(*testing.T) Store { return new(Outbox) })
}
