import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Row } from '../../../bench/side-by-side.ts'
import { testFolder } from '../../support/store.ts'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))

test('npm run bench measures the built server and writes what it found', async () => {
  const json = join(testFolder(), 'results.json')
  const args = ['run', 'bench', '--', '--smoke', '--only', 'rpc-memory', 'webhook', '--json', json]

  const child = spawn('npm', args, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const code = await new Promise((resolve) => {
    child.once('close', resolve)
  })

  expect(code, errors).toBe(0)
  const { rows } = JSON.parse(readFileSync(json, 'utf8')) as { rows: Row[] }
  const figures = rows.map(({ bench, figure }) => `${bench}: ${figure}`)
  expect(figures).toContain('get_category: CPU µs')
  expect(figures).toContain('webhook accepted, grown: CPU µs')
  for (const { figure, ours, beside } of rows) {
    expect([figure, Number.isFinite(ours + beside)]).toEqual([figure, true])
    if (figure === 'requests/s') expect(Math.min(ours, beside)).toBeGreaterThan(0)
  }
  for (const { bench } of rows) expect(output).toContain(`| ${bench} |`)
})
