import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import type { OpenRooms } from './store.ts'

const first = { id: 'srv_1', host: 'a', pid: 1 }
const second = { id: 'srv_2', host: 'b', pid: 2 }

const signAt = (at: number, silentSince = 0) => ({ at, silentSince, leadUntil: at + 1_000 })

const withInstance = async (open: OpenRooms) => {
  const { store } = open()
  const empty = Buffer.alloc(0)
  await store.createInstance({ mode: 'x', wrappedPepper: empty, dataKeys: [], at: 0 })
  return store
}

/** What every engine promises of the servers that serve it. */
export function memberContract(name: string, open: OpenRooms): void {
  describe(`members, ${name}`, () => {
    it('a member is listed, with when it was last seen, until it is removed', async () => {
      const store = await withInstance(open)
      expect(await store.listMembers()).toEqual([])

      await store.joinMembers(first, { at: 5, silentSince: 0 })
      await store.renewMember('srv_1', signAt(6))
      const members = await store.listMembers()
      await store.removeMember('srv_1')

      expect(members).toEqual([{ ...first, seenAt: 6, leads: true }])
      expect(await store.listMembers()).toEqual([])
    })

    it('who is no member renews nothing, and removing it changes nothing', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      expect(await store.renewMember('srv_2', signAt(1_600))).toBeUndefined()
      await store.removeMember('srv_2')

      expect(await store.listMembers()).toMatchObject([{ ...first, seenAt: 1_000 }])
      expect(await store.renewMember('srv_1', signAt(1_600))).toMatchObject({ living: 1 })
    })

    it('one that was silent for too long is a member no more when another joins, and learns it', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      const other = await store.joinMembers(second, { at: 9_000, silentSince: 1_000 })

      expect(other).toBeUndefined()
      expect(await store.renewMember('srv_1', signAt(9_001))).toBeUndefined()
      expect(await store.renewMember('srv_2', signAt(9_001))).toMatchObject({ living: 1 })
    })

    it('the only member leads', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      const standing = await store.renewMember('srv_1', signAt(1_001))

      expect(standing).toMatchObject({ living: 1, leads: true, removed: [] })
    })

    it('a member learns the time', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      const before = await store.readTime()
      const sign = signAt(before)
      const standing = await store.renewMember('srv_1', sign)

      expect(standing?.time).toBeGreaterThanOrEqual(before)
      expect(await store.readTime()).toBeGreaterThanOrEqual(standing!.time)
    })

    it('a probe writes', async () => {
      const { store } = open()

      await expect(store.probeWrite('srv_1', testNow)).resolves.toBeUndefined()
    })
  })
}

/** What an engine besides promises that has place for one server alone. */
export function soleMemberContract(name: string, open: OpenRooms): void {
  describe(`the only member, ${name}`, () => {
    it('a member keeps another one off while it was seen lately', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      const other = await store.joinMembers(second, { at: 1_500, silentSince: 500 })

      expect(other).toEqual({ ...first, seenAt: 1_000 })
      expect(await store.listMembers()).toMatchObject([{ ...first, seenAt: 1_000 }])
    })

    it('renewing keeps its place', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })
      await store.renewMember('srv_1', signAt(8_000))

      const other = await store.joinMembers(second, { at: 9_000, silentSince: 1_000 })

      expect(other).toMatchObject(first)
    })

    it('of two that join at once exactly one is a member', async () => {
      const store = await withInstance(open)

      const others = await Promise.all(
        [first, second].map((member) => store.joinMembers(member, { at: 1_000, silentSince: 0 })),
      )

      expect(others.filter((other) => other === undefined)).toHaveLength(1)
    })

    it('a place that was given up is free; giving it up in another’s name does nothing', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      await store.removeMember('srv_2')
      expect(await store.joinMembers(second, { at: 1_001, silentSince: 0 })).toMatchObject(first)

      await store.removeMember('srv_1')
      expect(await store.joinMembers(second, { at: 1_002, silentSince: 0 })).toBeUndefined()
    })
  })
}

/** What an engine besides promises that has place for many. */
export function sharedMemberContract(name: string, open: OpenRooms): void {
  /** Both are members, the first one leads until 2,000. */
  const withTwo = async (open: OpenRooms) => {
    const store = await withInstance(open)
    for (const member of [first, second]) {
      await store.joinMembers(member, { at: 1_000, silentSince: 0 })
    }
    await store.renewMember('srv_1', signAt(1_000))
    return store
  }

  describe(`members beside each other, ${name}`, () => {
    it('each learns how many live', async () => {
      const store = await withTwo(open)

      expect(await store.renewMember('srv_1', signAt(1_001))).toMatchObject({ living: 2 })
      expect(await store.renewMember('srv_2', signAt(1_001))).toMatchObject({ living: 2 })
    })

    it('whoever renews strikes silent ones off, tells who they were, and they learn it', async () => {
      const store = await withTwo(open)

      const standing = await store.renewMember('srv_2', signAt(9_000, 1_000))

      expect(standing).toMatchObject({ living: 1, removed: [first] })
      expect(await store.listMembers()).toMatchObject([{ ...second, seenAt: 9_000 }])
      expect(await store.renewMember('srv_1', signAt(9_001, 9_000))).toBeUndefined()
      expect(await store.listMembers()).toMatchObject([{ ...second, seenAt: 9_000 }])
    })

    it('the list tells which of them leads, also once the lead is over and another takes it', async () => {
      const store = await withTwo(open)
      const leads = async () => (await store.listMembers()).map(({ id, leads }) => [id, leads])

      expect(await leads()).toEqual([
        ['srv_1', true],
        ['srv_2', false],
      ])

      await store.renewMember('srv_2', signAt(2_001))
      expect(await leads()).toEqual([
        ['srv_1', false],
        ['srv_2', true],
      ])
    })

    it('one that was struck off joins again under its name', async () => {
      const store = await withTwo(open)
      await store.renewMember('srv_2', signAt(9_000, 1_000))

      await store.joinMembers(first, { at: 9_001, silentSince: 0 })

      expect(await store.renewMember('srv_1', signAt(9_002))).toMatchObject({ living: 2 })
    })

    it('one leads at a time: nobody takes the lead from one that renews it', async () => {
      const store = await withTwo(open)

      const led: unknown[] = []
      for (const at of [1_500, 2_400, 3_300]) {
        const [one, two] = await Promise.all([
          store.renewMember('srv_1', signAt(at)),
          store.renewMember('srv_2', signAt(at)),
        ])
        led.push([one?.leads, two?.leads])
      }

      expect(led).toEqual([
        [true, false],
        [true, false],
        [true, false],
      ])
    })

    it('a lead that was not renewed in time goes to one of those who ask, and not back', async () => {
      const store = await withTwo(open)
      await store.joinMembers({ id: 'srv_3', host: 'c', pid: 3 }, { at: 1_000, silentSince: 0 })

      const early = await store.renewMember('srv_2', signAt(1_999))
      const asked = await Promise.all(
        ['srv_2', 'srv_3', 'srv_2', 'srv_3'].map((id) => store.renewMember(id, signAt(2_000))),
      )
      const late = await store.renewMember('srv_1', signAt(2_001))

      expect(early?.leads).toBe(false)
      expect(asked.filter((standing) => standing?.leads)).toHaveLength(2) // one of them, twice
      expect(asked[0]?.leads).toBe(asked[2]?.leads)
      expect(late?.leads).toBe(false)
    })

    it('of a new data key is known which of them have it in hand; one that was struck off tells it anew', async () => {
      const store = await withTwo(open)
      await store.addDataKey({ id: 'd1', wrappedKey: Buffer.from('one') }, 1)
      await store.addDataKey({ id: 'd2', wrappedKey: Buffer.from('two') }, 2)
      const seen = async () => (await store.listDataKeys()).map(({ seenBy }) => seenBy)
      await store.markDataKeySeen('d2', 'srv_1', 3)
      await store.markDataKeySeen('d1', 'srv_2', 3)
      expect(await seen()).toEqual([['srv_1', 'srv_2'], ['srv_1']])

      await store.renewMember('srv_2', signAt(9_000, 1_000))
      await store.joinMembers(first, { at: 9_001, silentSince: 0 })

      expect(await seen()).toEqual([['srv_2'], []])
    })

    it('a member that leaves gives its lead back; who is none takes none', async () => {
      const store = await withTwo(open)

      await store.removeMember('srv_1')

      expect(await store.renewMember('srv_1', signAt(1_001))).toBeUndefined()
      expect(await store.renewMember('srv_2', signAt(1_001))).toMatchObject({ leads: true })
    })
  })
}
