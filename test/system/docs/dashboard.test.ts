import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { dashboard, expressionsOf } from './dashboard.ts'

const run = promisify(execFile)

const isMissing =
  spawnSync('promtool', ['--version']).error !== undefined && process.env['CI'] !== 'true'

test('a dozen panels stand side by side, each explained, and none upon another', () => {
  const { panels } = dashboard
  const taken = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
  )

  expect(panels.length).toBeGreaterThan(9)
  expect(panels.length).toBeLessThan(15)
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  expect(new Set(taken).size).toBe(taken.length)
  for (const { title, description, gridPos, type } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
    expect(description, title).toMatch(/\.$/)
    expect(['bargauge', 'stat', 'state-timeline', 'table', 'timeseries']).toContain(type)
  }
})

test('every query goes to the Prometheus that is chosen, and asks of the chosen installation', () => {
  const chosen = { type: 'prometheus', uid: '${datasource}' }

  expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
    ['datasource', 'datasource'],
    ['job', 'query'],
  ])
  for (const { datasource, targets, title } of dashboard.panels) {
    expect([datasource, ...targets.map((target) => target.datasource)], title).toEqual(
      Array.from({ length: targets.length + 1 }, () => chosen),
    )
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    for (const { expr } of targets) {
      const selectors = expr.match(/\{[^}]*\}/g) ?? []
      expect(selectors.length, expr).toBeGreaterThan(0)
      for (const selector of selectors) expect(selector, expr).toMatch(/\bjob=~?"\$job/)
    }
  }
})

test.skipIf(isMissing)('promtool understands every query', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-dashboard-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'queries.yml')
  const rules = expressionsOf(dashboard).map((expr, at) => ({ record: `query:${at}`, expr }))
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))

  const said = await run('promtool', ['check', 'rules', file]).catch((error: unknown) => error)

  expect(said).toMatchObject({ stdout: expect.stringContaining('SUCCESS') as string })
})
