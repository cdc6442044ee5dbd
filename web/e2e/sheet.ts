import { readdirSync, readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

/** What the documentation shows, made of the pictures of a phone and a tablet. */
const best = ['badge-code-phone-light', 'gate-camera-phone-light', 'gate-photo-phone-light', 'gate-yes-phone-light', 'gate-no-phone-light', 'check-yes-phone-dark']

/** Puts all pictures on one sheet, screenshots/contact-sheet.png, each with its name. */
export async function writeSheet(page: Page): Promise<void> {
  await write(page, 'documentation', best.map((name) => `${name}.png`))
  const names = readdirSync('screenshots').filter((name) => /-(light|dark)\.png$/.test(name)).sort()
  await write(page, 'contact-sheet', names)
}

async function write(page: Page, sheet: string, names: string[]): Promise<void> {
  const cells = names.map((name) => `<figure><img src="data:image/png;base64,${readFileSync(`screenshots/${name}`, 'base64')}"><figcaption>${name.slice(0, -4)}</figcaption></figure>`)
  await page.setViewportSize({ width: 1200, height: 100 })
  await page.setContent(`<style>
    body { margin: 16px; display: flex; flex-wrap: wrap; gap: 16px; align-items: start; font: 11px sans-serif; background: #888 }
    figure { margin: 0; width: 180px; color: #000 } img { width: 180px; max-height: 420px; object-fit: cover; object-position: top; display: block }
  </style>${cells.join('')}`)
  await page.screenshot({ path: `screenshots/${sheet}.png`, fullPage: true, scale: 'css' })
}
