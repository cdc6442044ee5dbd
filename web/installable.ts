import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Plugin, Rollup } from 'vite'

/** A page that can be installed and works without a connection. */
export interface Installed {
  /** Its document is <page>.html. */
  page: string
  name: string
  shortName: string
}

/** The icons in the manifest; 'any' is for a drawing. */
const icons = [
  { source: 'src/badge/icon-192.png', sizes: '192x192', type: 'image/png' },
  { source: 'src/badge/icon-512.png', sizes: '512x512', type: 'image/png' },
]

/**
 * Makes pages ones that can be installed: writes of each its manifest, and the
 * service worker with a list of what the page consists of. Both have fixed names,
 * <page>.webmanifest and <page>-worker.js, and are served beside the page; see
 * pages.go.
 */
export function installable(pages: Installed[]): Plugin {
  return {
    name: 'installable',
    apply: 'build',
    enforce: 'post',
    buildStart() {
      for (const { source } of icons) {
        this.emitFile({ type: 'asset', name: source.replace(/.*\//, ''), originalFileName: source, source: readFileSync(source) })
      }
    },
    generateBundle(_, bundle) {
      const named = icons.map(({ source, ...icon }) => ({ ...icon, src: `../${nameOf(bundle, source)}`, purpose: 'any maskable' }))
      for (const page of pages) {
        this.emitFile({ type: 'asset', fileName: `${page.page}.webmanifest`, source: manifest(page, named) })
        this.emitFile({ type: 'asset', fileName: `${page.page}-worker.js`, source: worker(bundle, `${page.page}.html`) })
      }
    },
  }
}

function manifest({ name, shortName }: Installed, named: object[]): string {
  const content = {
    name,
    short_name: shortName,
    start_url: './',
    scope: './',
    display: 'standalone',
    background_color: '#f3f5f8',
    theme_color: '#123a63',
    icons: named,
  }
  return JSON.stringify(content, null, 2)
}

function worker(bundle: Rollup.OutputBundle, document: string): string {
  const code = readFileSync('src/offline/worker.js', 'utf8')
  const files = ['./', ...partsOf(bundle, document).map((name) => `../${name}`)]
  const version = createHash('sha256')
    .update(JSON.stringify(files))
    .update(textOf(bundle, document))
    .update(code)
    .digest('base64url')
    .slice(0, 16)
  return `const version = ${JSON.stringify(version)}\nconst files = ${JSON.stringify(files)}\n${code}`
}

function nameOf(bundle: Rollup.OutputBundle, source: string): string {
  for (const output of Object.values(bundle)) {
    if (output.type === 'asset' && output.originalFileNames.some((name) => name.endsWith(source))) return output.fileName
  }
  throw new Error(`${source} is not in the build`)
}

/**
 * What a document consists of: the assets that it names, the ones that those name,
 * and so on. Names have hashes in them, so a text that holds one means it: that
 * finds the scripts of workers and WebAssembly as well.
 */
function partsOf(bundle: Rollup.OutputBundle, document: string): string[] {
  const assets = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
  const parts = new Set<string>()
  const collect = (from: string) => {
    const text = textOf(bundle, from)
    for (const name of assets) {
      if (parts.has(name) || !text.includes(name.slice('assets/'.length))) continue
      parts.add(name)
      collect(name)
    }
  }
  collect(document)
  const names = [...parts].sort()
  if (!names.some((name) => name.endsWith('.js')) || !names.some((name) => name.endsWith('.css'))) throw new Error(`${document} names no script or style`)
  return names
}

/** An output's text; nothing for what holds no names. */
function textOf(bundle: Rollup.OutputBundle, name: string): string {
  const output = bundle[name]
  if (!output) throw new Error(`${name} is not in the build`)
  if (output.type === 'chunk') return output.code
  return /\.(html|js|css|svg)$/.test(name) ? Buffer.from(output.source).toString() : ''
}
