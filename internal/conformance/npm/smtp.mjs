// Takes mail with smtp-server and reads it with mailparser. The first line on
// standard input is the configuration as JSON:
//   {key, cert: PEM, user, password, secure: TLS from the start}
// It answers with one line {port}, takes mail until standard input ends, and then
// writes an array of what it got:
//   {encrypted, user, sender, recipients, headers, subject, from, to, date, language,
//    text, html}
import { createInterface } from 'node:readline';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

const lines = createInterface({ input: process.stdin });
const { value } = await lines[Symbol.asyncIterator]().next();
const { key, cert, user, password, secure } = JSON.parse(value);
const taken = [];

const address = (list) => list.value.map(({ name, address: mail }) => ({ name, address: mail }));

async function take(stream, session, done) {
  try {
    const mail = await simpleParser(stream);
    taken.push({
      encrypted: session.secure,
      user: session.user,
      sender: session.envelope.mailFrom.address,
      recipients: session.envelope.rcptTo.map((to) => to.address),
      headers: Object.fromEntries(mail.headerLines.map(({ key: name, line }) => [name, line])),
      subject: mail.subject,
      from: address(mail.from),
      to: address(mail.to),
      date: mail.date.toISOString(),
      language: mail.headers.get('content-language'),
      text: mail.text,
      html: mail.html,
    });
    done();
  } catch (error) {
    done(error);
  }
}

const server = new SMTPServer({
  key, cert, secure, authOptional: false, allowInsecureAuth: false, disableReverseLookup: true,
  onAuth: ({ username, password: given }, _session, done) => (
    username === user && given === password ? done(null, { user }) : done(new Error('who?'))),
  onData: take,
});
server.on('error', (error) => process.stderr.write(`${error.message}\n`));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ port: server.server.address().port })}\n`));
lines.on('close', () => {
  process.stdout.write(JSON.stringify(taken), () => process.exit(0));
});
