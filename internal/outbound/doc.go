// Package outbound is the one HTTP client for everything that is called out to:
// status lists, key documents, webhooks, device managers.
//
// Where such a call goes is partly decided by data that others wrote, and the
// program stands inside somebody's network. The client is therefore built so that
// a hostile address, name server or server can neither reach what only we can
// reach, nor hold us up, nor fill our memory:
//
//   - The URL is judged first: https, a plain host name, no user, no fragment, no
//     port that was not named in [Config].
//   - The address is judged when the connection is made, after the name was
//     resolved, for each address tried. A name that pointed elsewhere a moment ago
//     gains nothing. Only addresses on the public internet are called, and what
//     [Config] names.
//   - Redirects are off; where they are allowed they stay on the same host and on
//     https, and no redirect is followed for anything but GET.
//   - Time, header and body are bounded; the body's bound counts what a compressed
//     body unpacks to.
//   - No proxy is taken from the environment, no cookies are kept.
//
// Whatever goes wrong is an [*Error] with a stable code. Any status is an answer:
// a 404 is a [Response], not an error.
package outbound
