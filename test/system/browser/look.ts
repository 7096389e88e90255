import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { expect } from 'vitest'

const executablePath = '/usr/bin/chromium'

/** Where everything must hold, its absence is a failure. */
export const isAbsent = !existsSync(executablePath) && !process.env['CI']
if (isAbsent) {
  process.stdout.write(`SKIPPED: no ${executablePath}, so no page is seen in a browser\n`)
}

/** Without these Chromium calls home at every start, and a closed network makes it wait. */
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath, args: quiet })

/** Where to leave pictures of each page, for a person to look at. */
const pictures = process.env['SCREENSHOTS']

interface Violation {
  id: string
  impact: string
  nodes: { html: string; failureSummary: string }[]
}

/** The texts of a French page in which a line may end before a sign, or within quotation marks; code is no text. */
const brokenFrench = `(() => {
  if (document.documentElement.lang !== 'fr') return []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const broken = []
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode
    if (parentElement.closest('code, pre, script, style, textarea') === null) {
      if (/ [:;?!»]|« /.test(data)) broken.push(data.trim())
    }
  }
  return broken
})()`

/** No page may need sideways scrolling, least of all on a phone, nor have anything serious that shuts a person out. */
export async function look(page: Page, name: string): Promise<void> {
  if (pictures) {
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  }
  const width = await page.evaluate('document.documentElement.scrollWidth')
  expect(width, name).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)

  expect(await page.evaluate(brokenFrench), name).toEqual([])

  await page.evaluate(axe.source)
  const violations = await page.evaluate<Violation[]>(`axe.run().then((all) => all.violations)`)
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`))
  expect(serious, name).toEqual([])
}
