// Package chat carries messages into a chat room: Microsoft Teams by the webhook
// of a Workflow (an Adaptive Card), Slack by an incoming webhook (blocks).
//
// The address of a room is its only secret: whoever knows it can write there. It
// is therefore never in an error or an outcome.
//
// Names come from elsewhere and must not become a mention, a link or markup. Teams
// gets text runs, which know no Markdown; Slack gets plain text with its three
// characters escaped. Neither gets an address or anything that somebody outside
// the company wrote.
//
// Both answer with a status alone. A message that was taken when the answer got
// lost is there twice; neither offers a key against that.
package chat
