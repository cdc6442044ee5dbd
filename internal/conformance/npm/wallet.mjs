// Fetches badges with @openid4vc/openid4vci as a wallet does. Reads an array of
// questions as JSON from standard input and writes an array of answers.
//
// A question: {offer: an openid-credential-offer link, txCode, now: seconds,
// badges: how many}. An answer: {error, badges, refreshed: badges that came with
// refreshed tokens, key: the first key as a JWK, tokenType}.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { clientAuthenticationNone, Oauth2Client, setGlobalConfig } from '@openid4vc/oauth2';
import { Openid4vciClient } from '@openid4vc/openid4vci';

setGlobalConfig({ allowInsecureUrls: true }); // the issuer is on loopback

const base64url = (value) => Buffer.from(value).toString('base64url');

// newKey returns a key as its public JWK, and keeps the private one.
const keys = new Map();
function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  keys.set(x, privateKey);
  return { kty, crv, x, y };
}

const unused = () => { throw new Error('not used by this wallet'); };

const callbacks = {
  hash: (data, algorithm) => new Uint8Array(createHash(algorithm.replace('-', '')).update(data).digest()),
  generateRandom: (size) => new Uint8Array(randomBytes(size)),
  clientAuthentication: clientAuthenticationNone({ clientId: 'wallet' }),
  signJwt: (signer, { header, payload }) => {
    const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
    const signature = sign('sha256', Buffer.from(input), { key: keys.get(signer.publicJwk.x), dsaEncoding: 'ieee-p1363' });
    return { jwt: `${input}.${base64url(signature)}`, signerJwk: signer.publicJwk };
  },
  verifyJwt: unused, decryptJwe: unused, encryptJwe: unused,
};

// The issuer's clock stands still, and so must the wallet's.
function stopClock(seconds) {
  const Clock = Date;
  globalThis.Date = class extends Clock {
    constructor(...given) { super(...(given.length ? given : [seconds * 1000])); }
    static now() { return seconds * 1000; }
  };
}

async function answer({ offer, txCode, now, badges }) {
  stopClock(now);
  try {
    const wallet = new Openid4vciClient({ callbacks });
    const credentialOffer = await wallet.resolveCredentialOffer(offer);
    const issuerMetadata = await wallet.resolveIssuerMetadata(credentialOffer.credential_issuer);
    const [credentialConfigurationId] = credentialOffer.credential_configuration_ids;
    const signer = { method: 'jwk', alg: 'ES256', publicJwk: newKey() };

    const fetchBadges = async (accessToken, dpop, count) => {
      const { c_nonce: nonce } = await wallet.requestNonce({ issuerMetadata });
      const holders = Array.from({ length: count }, newKey);
      const jwt = await Promise.all(holders.map(async (publicJwk) => (await wallet.createCredentialRequestJwtProof({
        issuerMetadata, credentialConfigurationId, nonce, signer: { method: 'jwk', alg: 'ES256', publicJwk },
      })).jwt));
      const { credentialResponse, dpop: used } = await wallet.retrieveCredentials({
        issuerMetadata, accessToken, credentialConfigurationId, proofs: { jwt }, dpop,
      });
      await wallet.sendNotification({
        issuerMetadata, accessToken, dpop: { signer, nonce: used?.nonce ?? dpop.nonce },
        notification: { notificationId: credentialResponse.notification_id, event: 'credential_accepted' },
      });
      return { badges: credentialResponse.credentials.map((c) => c.credential), key: holders[0] };
    };

    const { accessTokenResponse: tokens, dpop, authorizationServer } = await wallet.retrievePreAuthorizedCodeAccessTokenFromOffer({
      credentialOffer, issuerMetadata, txCode, dpop: { signer },
    });
    const first = await fetchBadges(tokens.access_token, { signer, nonce: dpop?.nonce }, badges);
    const { accessTokenResponse: next, dpop: nextDpop } = await new Oauth2Client({ callbacks }).retrieveRefreshTokenAccessToken({
      authorizationServerMetadata: issuerMetadata.authorizationServers.find((s) => s.issuer === authorizationServer),
      refreshToken: tokens.refresh_token, dpop: { signer, nonce: dpop?.nonce },
    });
    const second = await fetchBadges(next.access_token, { signer, nonce: nextDpop?.nonce }, 1);
    return { badges: first.badges, key: first.key, refreshed: second.badges, tokenType: tokens.token_type };
  } catch (error) {
    return { error: `${error.message} ${JSON.stringify(error.errorResponse ?? error.response?.credentialErrorResponseResult?.data ?? null)}` };
  }
}

const questions = JSON.parse(await text(process.stdin));
const answers = [];
for (const question of questions) answers.push(await answer(question));
process.stdout.write(JSON.stringify(answers));
