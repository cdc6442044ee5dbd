// Package webhook signs and verifies webhooks as Standard Webhooks
// (standardwebhooks.com) has it, so that both directions share one text:
//
//	webhook-id: msg_2KWPBgLlAfxdpx2AI54pPJ85f4W
//	webhook-timestamp: 1674087231
//	webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
//
// A signature is HMAC-SHA256 over id, timestamp and body, joined by full stops.
// A sender that changes its secret signs with both for a while, so the header may
// hold several; a receiver that changes it knows both for a while. One match is
// enough. A secret is written "whsec_" and base64 of 24 to 64 bytes.
//
// [Sign] makes the headers. [Verify] judges one request and remembers nothing;
// [Receiver] does so, too, and sees to it that a request is worked off once.
//
// # What is refused
//
// A request is refused when a header is missing or there twice, when its time is
// more than [Tolerance] from now in either direction, and when no signature
// matches. An id with a full stop in it is refused because the same signed text
// could then be cut into another id, time and body.
//
// A signature says who sent a body and that it is whole. It says nothing about
// whether the body is true, well formed or newer than the one before.
package webhook
