package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/ladder"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Recipient is somebody who is told what happens, and how. What reaches nobody goes
// to the courier's fallback address, and its outcome says so.
type Recipient struct {
	Channel notify.Channel
	To      notify.Role
	// Kinds are those that go there; nil for all of notify.Notices.
	Kinds []notify.Kind
}

// Takes reports whether messages of a kind go to the recipient.
func (r Recipient) Takes(kind notify.Kind) bool {
	return r.Kinds == nil || slices.Contains(r.Kinds, kind)
}

func (r Recipient) check() error {
	if r.Channel == "" || r.To == "" {
		return fmt.Errorf("the recipient of Tell has the channel %q for the role %q; it needs both", r.Channel, r.To)
	}
	for _, kind := range r.Kinds {
		if !slices.Contains(notify.Notices(), kind) {
			return fmt.Errorf("the recipient of Tell on the channel %q takes the kind %q, which no message has; use some of %v", r.Channel, kind, notify.Notices())
		}
	}
	return nil
}

// channelsOf lists the channels that messages of a kind go by, each once.
func channelsOf(tell []Recipient, kind notify.Kind) []notify.Channel {
	var channels []notify.Channel
	for _, to := range tell {
		if to.Takes(kind) && !slices.Contains(channels, to.Channel) {
			channels = append(channels, to.Channel)
		}
	}
	return channels
}

// act turns a step of the ladder into its event and its messages.
func (c *judging) act(a ladder.Action) error {
	c.progress.Steps++
	step := store.Step{Kind: string(a.Kind), Due: a.At, Lapse: a.LapseAt, Reasons: noticed(a.Reasons)}
	if a.Threshold > 0 {
		step.Threshold = a.Threshold.String()
	}
	c.judgement.Steps = append(c.judgement.Steps, step)
	reasons := noticed(a.Reasons)
	switch a.Kind {
	case ladder.Remind:
		// Named by the lapse and not by the step: nothing makes two of one reminder.
		about := fmt.Sprintf("%s/%s", stamp(a.LapseAt), a.Threshold)
		return c.notify(notify.Reminder, about, notify.Body{At: a.LapseAt, Reasons: reasons})
	case ladder.Suspend:
		body := notify.Body{At: a.At, Reasons: reasons}
		if c.lockOut && !c.dryRun {
			body.LockAt = c.Now.Add(c.policy.Ladder.Grace)
		}
		return c.notify(notify.Lapse, c.about(), body)
	case ladder.Restore:
		return c.notify(notify.Restored, c.about(), notify.Body{At: c.Now})
	case ladder.Lock:
		return c.lock(reasons)
	case ladder.Unlock:
		return c.unlock(c.progress.Locked)
	}
	return nil
}

// notify tells everybody who is to be told of that kind.
func (c *judging) notify(kind notify.Kind, about string, body notify.Body) error {
	for _, to := range c.tell {
		if !to.Takes(kind) {
			continue
		}
		key := fmt.Sprintf("%s/%s/%s/%s/%s", kind, short(c.Person.ID), about, to.Channel, to.To)
		if err := c.queue(key, kind, to, body); err != nil {
			return err
		}
	}
	return nil
}

// lock orders the lock of each of the person's devices.
func (c *judging) lock(reasons []notify.Reason) error {
	if !c.lockOut {
		return nil
	}
	for _, d := range c.Devices {
		device := notify.Device{Source: d.Origin.Source, ID: d.Origin.ID}
		if slices.Contains(c.progress.Locked, device) {
			continue
		}
		if err := c.order(notify.Lock, device, reasons); err != nil {
			return err
		}
		c.progress.Locked = append(c.progress.Locked, device)
	}
	return nil
}

func (c *judging) unlock(devices []notify.Device) error {
	for _, device := range slices.Clone(devices) {
		if err := c.order(notify.Unlock, device, nil); err != nil {
			return err
		}
		c.progress.Locked = slices.DeleteFunc(c.progress.Locked, func(d notify.Device) bool { return d == device })
	}
	return nil
}

// releaseDevices unlocks what is not the person's any more: a lock-out is about a
// person, and the next one did nothing wrong.
func (c *judging) releaseDevices() error {
	var gone []notify.Device
	for _, locked := range c.progress.Locked {
		if !slices.ContainsFunc(c.Devices, func(d evidence.Device) bool { return d.Origin.Source == locked.Source && d.Origin.ID == locked.ID }) {
			gone = append(gone, locked)
		}
	}
	return c.unlock(gone)
}

func (c *judging) order(kind notify.Kind, device notify.Device, reasons []notify.Reason) error {
	key := fmt.Sprintf("%s/%s/%s/%s", kind, short(c.Person.ID), c.about(), digest(device.Source+"\x00"+device.ID))
	return c.queue(key, kind, Recipient{Channel: notify.LockOut, To: notify.ToOffice}, notify.Body{At: c.Now, Device: &device, Reasons: reasons})
}

func (c *judging) queue(key string, kind notify.Kind, to Recipient, body notify.Body) error {
	text, err := fitted(body)
	if err != nil {
		return err
	}
	c.judgement.Messages = append(c.judgement.Messages, notify.Message{
		Key: key, Person: c.Person.ID, Kind: kind, Channel: to.Channel, To: to.To,
		Created: c.Now, Due: c.Now, Body: text,
	})
	return nil
}

// fitted gives up reasons until the body is one that a message can carry: somebody
// with a hundred devices is told of some of them.
func fitted(body notify.Body) ([]byte, error) {
	body.Reasons = body.Reasons[:min(len(body.Reasons), notify.MaxReasons)]
	for {
		text, err := body.JSON()
		if err == nil || len(body.Reasons) == 0 {
			return text, err
		}
		body.Reasons = body.Reasons[:len(body.Reasons)/2]
	}
}

// about names the step that is being taken: the person's how manieth, and when,
// because those who were erased begin again at one.
func (c *judging) about() string { return fmt.Sprintf("%s/%d", stamp(c.Now), c.progress.Steps) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// short keeps a key within its bounds, whatever sources use for an id.
func short(id string) string {
	if len(id) <= 64 && !strings.Contains(id, "/") {
		return id
	}
	return digest(id)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
