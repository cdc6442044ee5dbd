/**
 * Answers questions of tests in Go. It reads a JSON array of
 * {"issuer", "presentation"} to pack or {"code"} to unpack, and writes one of
 * {"text"} or {"code", "detail"} of an error.
 */
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const { module } = await runnerImport(fileURLToPath(new URL('index.ts', import.meta.url)), {
  configFile: false,
  logLevel: 'error',
})
const { pack, unpack, GateCodeError } = module

async function answer({ code, issuer, presentation }) {
  try {
    return { text: await (code === undefined ? pack(issuer, presentation) : unpack(code)) }
  } catch (error) {
    if (error instanceof GateCodeError) return { code: error.code, detail: error.detail }
    throw error
  }
}

const answers = []
for (const question of JSON.parse(await text(process.stdin))) answers.push(await answer(question))
process.stdout.write(JSON.stringify(answers))
