package chat

import (
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/notify/letter"
)

// maxRun is how long one paragraph of a card may be, in characters.
const maxRun = 1000

type object = map[string]any

// card makes the message that a Workflow "when a Teams webhook request is
// received" takes: one Adaptive Card, version 1.4.
func card(l letter.Letter) any {
	body := []any{textRuns(l.Subject, object{"weight": "Bolder", "size": "Medium"})}
	for _, line := range lines(l) {
		body = append(body, textRuns(line, nil))
	}
	content := object{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"lang": l.Language, "body": body,
	}
	if l.Link != "" {
		content["actions"] = []any{object{"type": "Action.OpenUrl", "title": l.LinkText, "url": l.Link}}
	}
	return object{"type": "message", "attachments": []any{object{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": content,
	}}}
}

// textRuns is a paragraph in which nothing is Markdown: a TextBlock would read
// links and emphasis in it.
func textRuns(text string, style object) object {
	run := object{"type": "TextRun", "text": inert(shorten(text, maxRun))}
	for name, value := range style {
		run[name] = value
	}
	return object{"type": "RichTextBlock", "inlines": []any{run}}
}

// inert breaks up {{DATE(…)}}, which a card works out even in plain text.
func inert(text string) string { return strings.ReplaceAll(text, "{{", "{\u200b{") }
