// Signs and verifies webhooks with the library of Standard Webhooks. Standard input
// is an array of questions, standard output one of answers {result} or {error}:
//   {ask: 'sign', secret, id, at: seconds, body}               the signature
//   {ask: 'verify', secret, headers, body, now: seconds}       the body, parsed
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const asked = {
  sign: ({ secret, id, at, body }) => new Webhook(secret).sign(id, new Date(at * 1000), body),
  verify({ secret, headers, body, now }) {
    Date.now = () => now * 1000;
    return new Webhook(secret).verify(body, headers);
  },
};

const answers = JSON.parse(readFileSync(0, 'utf8')).map((question) => {
  try {
    return { result: asked[question.ask](question) };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
