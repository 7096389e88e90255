import { expect, it } from 'vitest'
import { batchSize, fingerprintOf, type Row } from '../../../../src/db/moving/rows.ts'
import { movedTables } from '../../../../src/db/moving/tables.ts'

const tenants = movedTables().find(({ name }) => name === 'tenants')!

const aTenant = (id: string, more: Row = {}): Row => ({
  id,
  name: 'acme',
  createdAt: 1,
  disabledAt: null,
  ...more,
})

it('other work has its turn between the batches of a table that is read without waiting', async () => {
  const batches = 5
  const state = { read: 0, turns: 0, done: false }
  const beside = (async () => {
    while (!state.done) {
      state.turns += 1
      await new Promise((next) => {
        setImmediate(next)
      })
    }
  })()

  const { rows } = await fingerprintOf(tenants, () => {
    state.read += 1
    const size = state.read < batches ? batchSize : 1
    return Array.from({ length: size }, (_, index) => aTenant(`${state.read}-${index}`))
  })
  state.done = true
  await beside

  expect(rows).toBe(batchSize * (batches - 1) + 1)
  expect(state.turns).toBeGreaterThanOrEqual(batches)
})

it('rows that differ anywhere, or stand in another order, have another digest', async () => {
  const digestOf = async (...rows: Row[]) => (await fingerprintOf(tenants, () => rows)).digest
  const [a, b] = [aTenant('a'), aTenant('b')]

  const digests = await Promise.all([
    digestOf(a, b),
    digestOf(b, a),
    digestOf(a),
    digestOf(a, aTenant('b', { disabledAt: 0 })),
    digestOf(a, aTenant('b', { name: 'null' })),
    digestOf(a, aTenant('b', { name: '' })),
    digestOf(aTenant('a', { name: 'acme"],["b' }), b),
    digestOf(aTenant('a', { name: Buffer.from('acme') }), b),
  ])

  expect(new Set(digests).size).toBe(digests.length)
  expect(await digestOf(aTenant('a'), aTenant('b'))).toBe(digests[0])
})
