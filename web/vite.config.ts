import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'
import { installable } from './installable.ts'

const placeholder = readFileSync('dist/placeholder.txt')

/** What is not worth compressing: a packet holds it as it is. */
const smallest = 1400

/**
 * Writes each file as gzip and Brotli too, so that the server need not compress,
 * and puts the placeholder back that Vite's emptying of the folder removed. The
 * verifier stays in its compressed forms alone: every browser that can run it
 * takes gzip, and the binary is 7 MB smaller.
 */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync('dist/assets')) {
        const path = join('dist/assets', name)
        const content = readFileSync(path)
        if (content.length < smallest || name.endsWith('.png')) continue
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(content, {
            params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length, [constants.BROTLI_PARAM_LGWIN]: 24 },
          }),
        )
        if (name.endsWith('.wasm')) rmSync(path)
      }
      writeFileSync('dist/placeholder.txt', placeholder)
    },
  }
}

/** What the documents have in common; a page's own file is the rest of its head. */
const frame = readFileSync('src/ui/frame.html', 'utf8')

/** Puts a page's own part into the frame. */
function framed(): Plugin {
  return {
    name: 'framed',
    transformIndexHtml: { order: 'pre', handler: (own) => frame.replace('<!-- What is the page\'s own. -->', () => own.trim()) },
  }
}

/**
 * Says in each document what its scripts and styles are, so that a browser refuses
 * any other (Subresource Integrity), wherever it got them: a cache, a proxy, or a
 * service worker.
 */
function sealed(): Plugin {
  return {
    name: 'sealed',
    apply: 'build',
    writeBundle({ dir = 'dist' }, bundle) {
      for (const name of Object.keys(bundle).filter((each) => each.endsWith('.html'))) {
        const document = readFileSync(join(dir, name), 'utf8')
        const marked = document.replace(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g, (attribute: string, asset: string) => {
          const digest = createHash('sha384').update(readFileSync(join(dir, asset))).digest('base64')
          return `${attribute} integrity="sha384-${digest}"`
        })
        writeFileSync(join(dir, name), marked)
      }
    },
  }
}

export default defineConfig({
  // The server fills in where the pages stand: see pages.go.
  base: './',
  publicDir: false,
  plugins: [
    framed(),
    installable([
      { page: 'badge', name: 'Cyber Badge', shortName: 'Badge' },
      { page: 'gate', name: 'Cyber Badge gate', shortName: 'Gate' },
    ]),
    sealed(),
    compressed(),
  ],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Nothing is inlined as data, which the policy of the pages would refuse to run.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { badge: 'badge.html', check: 'check.html', concern: 'concern.html', console: 'console.html', gate: 'gate.html' } },
  },
})
