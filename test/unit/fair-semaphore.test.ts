import { setImmediate as settled } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createFairSemaphore, type FairSemaphore } from '../../src/fair-semaphore.ts'

/** Who got in so far, and how each leaves. */
function guests({ acquire }: FairSemaphore) {
  const inside = new Map<string, () => void>()
  const come = async (name: string, limitMs?: number) => {
    const release = await acquire(name[0]!, limitMs)
    if (!release) return false
    inside.set(name, () => {
      inside.delete(name)
      release()
    })
    return true
  }
  const go = (name: string) => inside.get(name)!()
  return { come, go, inside: () => [...inside.keys()] }
}

test('so many are in at once, and so many of each group', async () => {
  const { come, go, inside } = guests(createFairSemaphore({ inAll: 4, ofEach: 2 }))
  for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'd1']) void come(name)
  await settled()
  const first = inside()

  go('b1')
  await settled()
  const second = inside()
  go('c1')
  await settled()
  const third = inside()
  go('a1')
  await settled()

  expect(first.toSorted()).toEqual(['a1', 'b1', 'c1', 'd1'])
  expect(second.toSorted()).toEqual(['a1', 'a2', 'c1', 'd1'])
  expect(third.toSorted()).toEqual(['a1', 'a2', 'd1'])
  expect(inside().toSorted()).toEqual(['a2', 'a3', 'd1'])
})

test('groups that come at the same moment get in once before one gets in twice', async () => {
  const { come, inside } = guests(createFairSemaphore({ inAll: 3, ofEach: 3 }))

  for (const name of ['a1', 'a2', 'a3', 'b1', 'c1']) void come(name)
  await settled()

  expect(inside().toSorted()).toEqual(['a1', 'b1', 'c1'])
})

test('who waited for too long does not get in, and takes no turn from who still waits', async () => {
  const { come, go, inside } = guests(createFairSemaphore({ inAll: 1, ofEach: 1 }))
  await come('a1')
  const late = come('a2', 1)
  void come('a3')

  expect(await late).toBe(false)
  go('a1')
  await settled()

  expect(inside()).toEqual(['a3'])
})
