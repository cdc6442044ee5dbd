import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Plugin, Rollup } from 'vite'

/** The icons in the manifest; 'any' is for a drawing. */
const icons = [
  { source: 'src/badge/icon-192.png', sizes: '192x192', type: 'image/png' },
  { source: 'src/badge/icon-512.png', sizes: '512x512', type: 'image/png' },
]

/**
 * Makes the badge's page one that can be installed: writes its manifest, and the
 * service worker with a list of what the page consists of. Both have fixed names
 * and are served beside the page; see pages.go.
 */
export function installable(): Plugin {
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
      const manifest = {
        name: 'Cyber Badge',
        short_name: 'Badge',
        start_url: './',
        scope: './',
        display: 'standalone',
        background_color: '#f3f5f8',
        theme_color: '#123a63',
        icons: named,
      }
      this.emitFile({ type: 'asset', fileName: 'badge.webmanifest', source: JSON.stringify(manifest, null, 2) })
      const files = ['./', ...pageFiles(bundle, 'badge.html').map((name) => `../${name}`)]
      const page = bundle['badge.html']
      const worker = readFileSync('src/badge/worker.js', 'utf8')
      const version = createHash('sha256')
        .update(JSON.stringify(files))
        .update(page?.type === 'asset' ? page.source : '')
        .update(worker)
        .digest('base64url')
        .slice(0, 16)
      const source = `const version = ${JSON.stringify(version)}\nconst files = ${JSON.stringify(files)}\n${worker}`
      this.emitFile({ type: 'asset', fileName: 'badge-worker.js', source })
    },
  }
}

function nameOf(bundle: Rollup.OutputBundle, source: string): string {
  for (const output of Object.values(bundle)) {
    if (output.type === 'asset' && output.originalFileNames.some((name) => name.endsWith(source))) return output.fileName
  }
  throw new Error(`${source} is not in the build`)
}

/** The assets that a document names: all of its scripts load at once. */
function pageFiles(bundle: Rollup.OutputBundle, document: string): string[] {
  const page = bundle[document]
  if (page?.type !== 'asset') throw new Error(`${document} is not in the build`)
  const names = [...String(page.source).matchAll(/="\.\/(assets\/[^"]+)"/g)].map(([, name]) => name ?? '')
  if (!names.some((name) => name.endsWith('.js')) || !names.some((name) => name.endsWith('.css'))) throw new Error(`${document} names no script or style`)
  return [...new Set(names)].sort()
}
