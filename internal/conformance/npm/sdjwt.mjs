// Verifies presentations with @sd-jwt/sd-jwt-vc. Reads an array of questions as
// JSON from standard input and writes an array of answers.
//
// A question: {presentation, issuer: JWK, nonce, now: seconds, required: [claim
// names], statusList: token or null, statusKey: JWK}. An answer: {accepted,
// error, claims, proof, fetched: the URIs of the lists that were asked for}.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';

const es256 = (jwk) => (data, signature) =>
  verify('sha256', Buffer.from(data),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'));

const hasher = (data, algorithm) =>
  new Uint8Array(createHash(algorithm.replace('-', '')).update(data).digest());

async function answer({ presentation, issuer, nonce, now, required, statusList, statusKey }) {
  const fetched = [];
  const instance = new SDJwtVcInstance({
    hasher,
    verifier: es256(issuer),
    kbVerifier: (data, signature, payload) => es256(payload.cnf.jwk)(data, signature),
    statusVerifier: statusKey && es256(statusKey),
    statusListFetcher: async (uri) => { fetched.push(uri); return statusList; },
    ...(statusList ? {} : { statusValidator: async () => {} }),
  });
  try {
    // Without a list, the status claim must not send the peer to the network.
    if (!statusList) instance.verifyStatus = async () => {};
    const { payload, kb } = await instance.verify(presentation, {
      keyBindingNonce: nonce, currentDate: now, requiredClaimKeys: required,
    });
    return { accepted: true, claims: payload, proof: kb?.payload, fetched };
  } catch (error) {
    return { accepted: false, error: String(error.message), fetched };
  }
}

const questions = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(await Promise.all(questions.map(answer))));
