// Receives security events as somebody else's system would: it knows the transmitter's
// metadata URL, its own token and its own audience, and nothing of how the transmitter
// is made. Each line on standard input is a question, each line on standard output its
// answer, or {error}:
//   {ask: 'listen', key, cert: PEM}                                        {port}
//   {ask: 'subscribe', metadata, token, audience, algorithm, push, events, now}
//                                       {stream}, once the stream is verified
//   {ask: 'take', count}                [{header, claims}] of as many SETs
//   {ask: 'end'}                        {status} of deleting the stream
import { once } from 'node:events';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const PUSH = 'urn:ietf:rfc:8935';
const POLL = 'urn:ietf:rfc:8936';
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
const authorization = 'Bearer of-the-receiver';

function insist(holds, what) {
  if (!holds) throw new Error(what);
}

let port, session;
const taken = [];
let arrived = () => {};

async function verify(token) {
  const { stream, keys, algorithm, now } = session;
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: stream.iss, audience: stream.aud, typ: 'secevent+jwt', algorithms: [algorithm], currentDate: new Date(now * 1000),
    requiredClaims: ['iss', 'aud', 'iat', 'jti', 'txn', 'sub_id', 'events'],
  });
  insist(!('exp' in payload) && !('sub' in payload), 'the SET has exp or sub');
  insist(payload.iat <= now, 'iat is ahead');
  insist(Object.keys(payload.events).length === 1, 'there is not one event');
  insist(typeof payload.sub_id.format === 'string', 'sub_id has no format');
  return { header: protectedHeader, claims: payload };
}

// RFC 8935: 202 without a body when a SET was verified and kept, else 400 with an error.
async function receive(request, response) {
  let body = '';
  for await (const part of request) body += part;
  try {
    insist(request.method === 'POST', 'not a POST');
    insist(request.headers['content-type'] === 'application/secevent+jwt', 'another media type');
    insist(request.headers.accept === 'application/json', 'another Accept');
    insist(request.headers.authorization === authorization, 'another Authorization');
    taken.push(await verify(body));
    arrived();
    response.writeHead(202).end();
  } catch (error) {
    response.writeHead(400, { 'Content-Type': 'application/json', 'Content-Language': 'en' });
    response.end(JSON.stringify({ err: 'invalid_request', description: error.message }));
  }
}

async function call(method, url, body, status) {
  const response = await fetch(url, {
    method, body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${session.token}`, ...(body && { 'Content-Type': 'application/json' }) },
  });
  const text = await response.text();
  insist(response.status === status, `${method} ${url}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

// RFC 8936: polls, and acknowledges what came with the next poll.
async function poll(acknowledge) {
  const { sets } = await call('POST', session.stream.delivery.endpoint_url, { maxEvents: 10, ack: acknowledge }, 200);
  const ids = Object.keys(sets);
  for (const id of ids) {
    const set = await verify(sets[id]);
    insist(set.claims.jti === id, 'a SET stands under another jti');
    taken.push(set);
  }
  return ids;
}

async function take(count) {
  let acknowledge = [];
  while (taken.length < count) {
    if (session.push) await new Promise((resolve) => { arrived = resolve; });
    else acknowledge = await poll(acknowledge);
  }
  if (!session.push) {
    await call('POST', session.stream.delivery.endpoint_url, { maxEvents: 0, returnImmediately: true, ack: acknowledge }, 200);
  }
  return taken.splice(0, count);
}

const asked = {
  async listen({ key, cert }) {
    const server = createServer({ key, cert }, receive).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = server.address().port;
    return { port };
  },

  async subscribe({ metadata: url, token, audience, algorithm, push, events, now }) {
    const metadata = await (await fetch(url)).json();
    insist(url === `${new URL(metadata.issuer).origin}/.well-known/ssf-configuration${new URL(metadata.issuer).pathname.replace(/\/$/, '')}`, 'issuer is another');
    insist(metadata.spec_version === '1_0', 'spec_version');
    insist(metadata.delivery_methods_supported.includes(push ? PUSH : POLL), 'delivery_methods_supported');
    insist(metadata.authorization_schemes.some((s) => s.spec_urn === 'urn:ietf:rfc:6749'), 'authorization_schemes');
    session = { token, algorithm, push, now, metadata, keys: createRemoteJWKSet(new URL(metadata.jwks_uri)) };
    const endpoint = metadata.configuration_endpoint;
    insist((await call('GET', endpoint, undefined, 200)).length === 0, 'there is a stream already');
    const delivery = push ? { method: PUSH, endpoint_url: `https://127.0.0.1:${port}/events`, authorization_header: authorization } : undefined;
    session.stream = await call('POST', endpoint, { delivery, events_requested: events, description: 'a receiver in Node' }, 201);
    const { stream } = session;
    insist(stream.iss === metadata.issuer && stream.aud === audience, 'the stream is for somebody else');
    insist(stream.delivery.method === (push ? PUSH : POLL), 'another method of delivery');
    insist(stream.events_delivered.every((e) => events.includes(e)), 'events that were not requested');
    const state = crypto.randomUUID();
    await call('POST', metadata.verification_endpoint, { stream_id: stream.stream_id, state }, 204);
    const [{ claims }] = await take(1);
    insist(claims.events[VERIFICATION].state === state, 'another state');
    insist(claims.sub_id.format === 'opaque' && claims.sub_id.id === stream.stream_id, 'the verification is of another stream');
    return { stream };
  },

  take: ({ count }) => take(count),

  async end() {
    const url = `${session.metadata.configuration_endpoint}?stream_id=${session.stream.stream_id}`;
    await call('DELETE', url, undefined, 204);
    await call('GET', url, undefined, 404);
    return { status: 204 };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const answer = await Promise.resolve(asked[question.ask](question)).catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
