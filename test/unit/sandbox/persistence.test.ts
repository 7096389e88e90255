import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { aSession, aUser, anItem, answer, openSandbox, start, walk } from './open-sandbox.ts'
import { openReceiver } from './receiver.ts'

async function aFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  return join(folder, 'state', 'sandbox.json')
}

test('users, items, rows, sessions and tokens survive a restart', async () => {
  const statePath = await aFile()
  const before = openSandbox({ statePath })
  const { token } = await aUser(before)
  const id = await anItem(before, token, 'success.1003')
  const session = await aSession(before, token)
  await before.lever(`items/${id}/refresh`)
  const list = '/v3/aggregation/transactions?limit=500&min_date=2026-03-01'
  const rows = await walk(before, token, list)
  await before.app.close()

  const after = openSandbox({ statePath })

  const { body } = await after.call('GET', `/v3/aggregation/items/${id}`, { token })
  expect(body.status).toBe(1003)
  expect(await walk(after, token, list)).toEqual(rows)
  expect((await answer(after, session, { login: 'success' })).get('success')).toBe('true')
})

test('the clock goes on from where it was', async () => {
  const statePath = await aFile()
  const before = openSandbox({ statePath })
  await aUser(before)
  await before.lever('clock', { advance: 5000 })
  await aUser(before)
  await before.app.close()

  const clock = createMovableClock({ now: () => start })
  openSandbox({ statePath, clock })

  expect(clock.now()).toBe(start + 5000)
})

test('webhooks that wait are sent after a restart', async () => {
  const receiver = await openReceiver()
  const webhook = { url: () => receiver.url, secrets: () => ['s'] }
  const statePath = await aFile()
  receiver.status = 503
  const before = openSandbox({ statePath, webhook })
  await before.lever('webhooks/test')
  await before.lever('webhooks/flush')
  await before.app.close()
  receiver.received.splice(0)
  receiver.status = 200

  const after = openSandbox({ statePath, webhook })
  await after.lever('webhooks/flush')

  expect(receiver.types()).toEqual(['TEST_EVENT'])
})

test('the file is whole after every change, and nothing else stays beside it', async () => {
  const statePath = await aFile()
  const { call, app } = openSandbox({ statePath })

  await Promise.all(
    Array.from({ length: 50 }, async () => call('POST', '/v3/aggregation/users', { body: {} })),
  )
  await app.close()

  expect(JSON.parse(await readFile(statePath, 'utf8')).users).toHaveLength(50)
  expect(await readdir(join(statePath, '..'))).toEqual(['sandbox.json'])
})

test('a file that cannot be read is said so, never overwritten', async () => {
  const statePath = await aFile()
  const { app } = openSandbox({ statePath })
  await app.close()
  await writeFile(statePath, '{"version":2}')

  expect(() => openSandbox({ statePath })).toThrow(statePath)
  expect(await readFile(statePath, 'utf8')).toBe('{"version":2}')
})
