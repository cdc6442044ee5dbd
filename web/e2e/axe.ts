import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** What a page has to run before {@link accessible}: see Options.before. */
export const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Axe {
  run(context: Document, options: object): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[] }>
}

const rules = ['wcag2a', 'wcag2aa', 'wcag2aaa', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Expects that axe finds nothing, and that nothing is wider than the screen. */
export async function accessible(page: Page, what: string): Promise<void> {
  const { violations } = await page.evaluate((runOnly) => (globalThis as unknown as { axe: Axe }).axe.run(document, { runOnly }), rules)
  expect(
    violations.map(({ id, nodes }) => [id, nodes.map(({ target, failureSummary }) => [target, failureSummary])]),
    what,
  ).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)
}
