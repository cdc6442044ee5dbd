// Verifies compact JWS with jose, knowing nothing of SD-JWT. Reads an array of
// questions {jws, key: JWK or null, typ, now} as JSON from standard input and
// writes an array of answers {accepted, error, header, claims}. Without a key
// the first certificate of x5c holds it.
import { text } from 'node:stream/consumers';
import { decodeProtectedHeader, importJWK, importX509, jwtVerify } from 'jose';

const pem = (base64) =>
  `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----`;

async function answer({ jws, key, typ, now }) {
  try {
    const trusted = key
      ? await importJWK(key, 'ES256')
      : await importX509(pem(decodeProtectedHeader(jws).x5c[0]), 'ES256');
    const { payload, protectedHeader } = await jwtVerify(jws, trusted, {
      algorithms: ['ES256'], typ, currentDate: new Date(now * 1000),
    });
    return { accepted: true, header: protectedHeader, claims: payload };
  } catch (error) {
    return { accepted: false, error: String(error.message) };
  }
}

const questions = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(await Promise.all(questions.map(answer))));
