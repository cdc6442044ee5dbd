// Runs oidc-provider as an identity provider that takes anybody's word for who
// they are. Standard input is lines of JSON. The first is the configuration:
//   {key, cert: PEM, clients: as oidc-provider takes them, accounts: {login: claims},
//    algorithm: of ID tokens}
// It answers with one line {port}. Each line after it moves the provider's clock,
// {advance: seconds}, and is answered with {}. It ends with standard input.
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

let ahead = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + ahead * 1000;

// Its warnings are about its own defaults and go to the same place as its answers.
console.info = () => {};
console.warn = () => {};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? 'null');
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const {
  key, cert, clients, accounts, algorithm,
} = await next();

const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
const signingKey = { ...await exportJWK(privateKey), alg: algorithm, use: 'sig' };

const server = createServer({ key, cert });
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const { port } = server.address();

const provider = new Provider(`https://127.0.0.1:${port}`, {
  clients: clients.map((client) => ({ ...client, id_token_signed_response_alg: algorithm })),
  jwks: { keys: [signingKey] },
  pkce: { required: () => true },
  claims: { openid: ['sub', 'groups'], profile: ['name'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false, // into the ID token, as large providers have it
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  ttl: { AuthorizationCode: 60 },
});
server.on('request', provider.callback());
answer({ port });

for (let line = await next(); line; line = await next()) {
  ahead += line.advance;
  answer({});
}
process.exit(0);
