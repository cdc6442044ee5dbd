package signal

import (
	"errors"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

// call is the body of a call. Members that we do not know are passed over: other
// versions of SSF have more.
type call struct{ value strictjson.Value }

func readCall(body []byte) (call, error) {
	v, err := strictjson.Parse(body)
	var refused *code.Error
	if errors.As(err, &refused) {
		return call{}, invalid("the body is not strict JSON: %s", refused.Detail)
	}
	if err != nil {
		return call{}, err
	}
	if v.Kind != strictjson.Object {
		return call{}, invalid("the body is not a JSON object")
	}
	return call{v}, nil
}

// text is a member that is a text of at most so many bytes; given is false when it is
// absent or null.
func (c call) text(name string, limit int) (text string, given bool, err error) {
	m, present := c.value.Member(name)
	if !present || m.Kind == strictjson.Null {
		return "", false, nil
	}
	if m.Kind != strictjson.String {
		return "", false, invalid("%s is not a text", name)
	}
	if len(m.Text) > limit {
		return "", false, invalid("%s has %d bytes, at most %d are taken", name, len(m.Text), limit)
	}
	return m.Text, true, nil
}

// flag is a member that is true or false, false when it is absent.
func (c call) flag(name string) (bool, error) {
	m, present := c.value.Member(name)
	if !present || m.Kind == strictjson.Null {
		return false, nil
	}
	if m.Kind != strictjson.Bool {
		return false, invalid("%s is neither true nor false", name)
	}
	return m.Text == "true", nil
}

// texts is a member that is an array of at most so many texts.
func (c call) texts(name string, most, limit int) (list []string, given bool, err error) {
	m, present := c.value.Member(name)
	if !present || m.Kind == strictjson.Null {
		return nil, false, nil
	}
	if m.Kind != strictjson.Array || len(m.Elements) > most {
		return nil, false, invalid("%s is not an array of at most %d texts", name, most)
	}
	list = []string{}
	for _, e := range m.Elements {
		if e.Kind != strictjson.String || len(e.Text) > limit {
			return nil, false, invalid("%s has something other than texts of at most %d bytes", name, limit)
		}
		list = append(list, e.Text)
	}
	return list, true, nil
}
