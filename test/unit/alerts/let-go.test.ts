import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createAlertCheck } from '../../../src/alerts/check.ts'
import type { Sight } from '../../../src/alerts/problems.ts'
import { testClock } from '../../support/clock.ts'
import { testStore } from '../../support/store.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const deadSite = (): Sight => ({
  problems: [{ about: 'site erp (acme)', message: 'it fails', isOfSite: true }],
  unseen: new Set(),
  isWhole: true,
  known: new Set(),
})

function aLook(find: () => Promise<Sight>) {
  const stopping = new AbortController()
  const look = createAlertCheck({
    store: testStore(),
    clock: testClock(),
    find,
    sender: { tell: async () => {}, ping: async () => {} },
    where: 'bank.test',
    log: { warn() {} },
    stopping: stopping.signal,
  })
  return { look, stopping }
}

test('nothing stays behind a look: neither what it found, nor that it could have been stopped', async () => {
  const found: WeakRef<Sight>[] = []
  const { look, stopping } = aLook(async () => {
    const sight = deadSite()
    found.push(new WeakRef(sight))
    return sight
  })

  for (let count = 0; count < 4; count += 1) await look()
  await setImmediate()
  collect()

  expect(found.slice(0, 3).map((one) => one.deref())).toEqual([undefined, undefined, undefined])
  // Each look waits for the stop as well: on what lasts as long as the process, Node 24 keeps all that was found.
  expect(getEventListeners(stopping.signal, 'abort')).toEqual([])
})

test('a look remembers a site once that is told of and left out, however often it is', async () => {
  let remembered = 0
  class Unseen extends Set<string> {
    override has(about: string): boolean {
      remembered += 1
      return super.has(about)
    }
  }
  const { look } = aLook(async () => ({ ...deadSite(), unseen: new Unseen(['site erp (acme)']) }))

  for (let count = 0; count < 4; count += 1) await look()

  expect(remembered).toBe(3) // by each after the first
})

test('many sites that fail together, and go on to, are not each compared with each', async () => {
  let read = 0
  const problems = Array.from({ length: 300 }, (_, nth) => ({
    get about() {
      read += 1
      return `site s${nth} (acme)`
    },
    message: 'it fails',
    isOfSite: true,
  }))
  const { look } = aLook(async () => ({
    problems,
    unseen: new Set(),
    isWhole: true,
    known: new Set(),
  }))
  await look()
  await look()
  read = 0

  await look()

  expect(read).toBeLessThan(10 * problems.length)
})

test('a stop leaves a look where it is, and no look begins behind it', async () => {
  let begun = 0
  const { look, stopping } = aLook(() => {
    begun += 1
    return new Promise(() => {})
  })
  const looking = look()
  await expect.poll(() => begun).toBe(1)

  stopping.abort()

  await expect(looking).rejects.toThrow('aborted')
  await expect(look()).rejects.toThrow('aborted')
  expect(begun).toBe(1)
})
