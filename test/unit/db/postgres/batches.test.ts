import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { inBatches } from '../../../../src/db/postgres/batches.ts'
import { StoreAwayError, StoreBusyError } from '../../../../src/db/store-errors.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, nth) => nth)

it('what comes at the same moment goes together, and each has its own end', async () => {
  const batches: number[][] = []
  const double = inBatches(async (all: readonly number[]) => {
    batches.push([...all])
    return all.map((one) => (one === 2 ? new Error('two') : one * 2))
  })

  const ends = await Promise.allSettled([1, 2, 3].map(double))

  expect(batches).toEqual([[1, 2, 3]])
  expect(ends).toMatchObject([{ value: 2 }, { reason: new Error('two') }, { value: 6 }])
})

it('what comes while batches are under way goes with the next', async () => {
  const batches: (readonly number[])[] = []
  const gates = numbers(4).map(() => Promise.withResolvers<void>())
  const echo = inBatches(async (all: readonly number[]) => {
    batches.push(all)
    await gates[batches.length - 1]!.promise
    return all
  })
  const ends: Promise<number>[] = []
  for (const one of numbers(3)) {
    ends.push(echo(one))
    await turn()
  }
  ends.push(echo(3), echo(4))
  await turn()
  expect(batches).toEqual([[0], [1], [2]])

  for (const { resolve } of gates) resolve()

  expect(await Promise.all(ends)).toEqual(numbers(5))
  expect(batches).toEqual([[0], [1], [2], [3, 4]])
})

it('when a batch fails, each of it is tried by itself', async () => {
  const work = inBatches(async (all: readonly string[]) => {
    if (all.includes('bad')) throw new StoreBusyError('its row is locked')
    return all
  })

  const ends = await Promise.allSettled(['a', 'bad', 'b'].map(work))

  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

it('those of a batch that waited for a lock in vain are tried one after the other, without much patience', async () => {
  const patiences: string[] = []
  let [underWay, most] = [0, 0]
  const work = inBatches(async (all: readonly number[], patience) => {
    patiences.push(patience)
    most = Math.max(most, ++underWay)
    await turn()
    underWay -= 1
    if (all.includes(1)) throw new StoreBusyError('its row is locked')
    return all
  })

  const ends = await Promise.allSettled(numbers(4).map(work))

  expect(ends.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ])
  expect(patiences).toEqual(['patient', ...numbers(4).map(() => 'impatient')])
  expect(most).toBe(1)
})

it('those of a batch that failed for another reason have as much patience as alone', async () => {
  const patiences: string[] = []
  const work = inBatches(async (all: readonly number[], patience) => {
    patiences.push(patience)
    if (all.includes(1)) throw new Error('no such row')
    return all
  })

  await Promise.allSettled(numbers(2).map(work))

  expect(patiences).toEqual(['patient', 'patient', 'patient'])
})

it('a database that is away is not asked again for each', async () => {
  let asked = 0
  const work = inBatches(async (_all: readonly number[]): Promise<number[]> => {
    asked += 1
    throw new StoreAwayError('away')
  })

  const ends = await Promise.allSettled(numbers(9).map(work))

  expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
  expect(asked).toBe(1)
})

it('whoever would wait behind thousands is told to come again', async () => {
  const gate = Promise.withResolvers<void>()
  const work = inBatches(async (all: readonly number[]) => {
    await gate.promise
    return all
  })
  const waiting = numbers(2_000).map(work)

  await expect(work(2_000)).rejects.toThrow(StoreAwayError)
  gate.resolve()

  expect(await Promise.all(waiting)).toEqual(numbers(2_000))
})
