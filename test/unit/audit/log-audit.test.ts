import { expect, test } from 'vitest'
import { logAudit } from '../../../src/audit/log-audit.ts'
import { testStore } from '../../support/store.ts'

async function aLog() {
  const store = testStore()
  await store.createInstance({ mode: 'x', wrappedPepper: Buffer.alloc(1), dataKeys: [], at: 0 })
  const lines: object[] = []
  const log = { info: (facts: object) => void lines.push(facts) }
  const note = (n: number) =>
    store.audit({ at: n, actor: 'cli', action: 'key.revoked', subject: `key_${n}`, detail: { n } })
  return { store, lines, note, look: () => logAudit({ store, log }) }
}

test('every entry is logged once, in order, whoever wrote it', async () => {
  const { lines, note, look } = await aLog()
  await look()

  for (const n of [1, 2, 3]) await note(n)
  await look()
  await look()
  await note(4)
  await look()

  expect(lines.map((line) => (line as { subject: string }).subject)).toEqual([
    'key_1',
    'key_2',
    'key_3',
    'key_4',
  ])
})

test('a line has ids and the action, and no detail', async () => {
  const { lines, note, look } = await aLog()
  await look()

  await note(1)
  await look()

  expect(lines).toEqual([
    {
      entry: 1,
      at: '1970-01-01T00:00:00.001Z',
      tenant: null,
      actor: 'cli',
      action: 'key.revoked',
      subject: 'key_1',
      count: 1,
    },
  ])
})

test('what was written before the log began is not repeated', async () => {
  const { lines, note, look } = await aLog()
  await note(1)

  await look()
  await look()

  expect(lines).toEqual([])
})

test('what is not marked is logged again: after a crash there may be more lines, never fewer', async () => {
  const { store, note, look } = await aLog()
  await look()
  await note(1)
  const lost: object[] = []
  const cut = { ...store, markAuditLogged: () => Promise.reject(new Error('killed')) }
  const log = { info: (facts: object) => void lost.push(facts) }

  await expect(logAudit({ store: cut, log })).rejects.toThrow('killed')
  await look()

  expect(lost).toHaveLength(1)
  expect(await store.listUnloggedAudit(10)).toEqual([])
})

test('many entries go out in batches', async () => {
  const { lines, note, look } = await aLog()
  await look()
  for (let n = 1; n <= 450; n += 1) await note(n)

  while (await look());

  expect(lines).toHaveLength(450)
})
