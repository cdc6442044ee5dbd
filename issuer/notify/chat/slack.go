package chat

import (
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
)

// Bounds that Slack sets, in characters of the escaped text.
const (
	maxHeader  = 150
	maxSection = 3000
	maxButton  = 75
	maxPreview = 300 // our own, for the line that a phone shows
)

// blocks makes the message that an incoming webhook takes.
func blocks(l letter.Letter) any {
	list := []any{object{"type": "header", "text": plain(l.Subject, maxHeader)}}
	for _, line := range lines(l) {
		list = append(list, object{"type": "section", "text": plain(line, maxSection)})
	}
	if l.Link != "" {
		list = append(list, object{"type": "actions", "elements": []any{object{"type": "button", "text": plain(l.LinkText, maxButton), "url": l.Link}}})
	}
	return object{"text": escape(l.Subject, maxPreview), "blocks": list, "unfurl_links": false, "unfurl_media": false}
}

func plain(text string, size int) object {
	return object{"type": "plain_text", "text": escape(text, size), "emoji": false}
}

// escape makes the three characters inert that begin a mention, a link or an
// entity. Cut first, so that no entity is cut in two.
func escape(text string, size int) string {
	escaper := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	for length := size; ; length-- {
		if escaped := escaper.Replace(shorten(text, length)); len([]rune(escaped)) <= size {
			return escaped
		}
	}
}
