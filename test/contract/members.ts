import { describe, expect, it } from 'vitest'
import { testNow } from '../support/clock.ts'
import type { OpenRooms } from './store.ts'

const first = { id: 'srv_1', host: 'a', pid: 1 }
const second = { id: 'srv_2', host: 'b', pid: 2 }

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
      await store.renewMember('srv_1', 6)
      const members = await store.listMembers()
      await store.removeMember('srv_1')

      expect(members).toEqual([{ ...first, seenAt: 6 }])
      expect(await store.listMembers()).toEqual([])
    })

    it('who is no member renews nothing, and removing it changes nothing', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      expect(await store.renewMember('srv_2', 1_600)).toBe(false)
      await store.removeMember('srv_2')

      expect(await store.listMembers()).toEqual([{ ...first, seenAt: 1_000 }])
      expect(await store.renewMember('srv_1', 1_600)).toBe(true)
    })

    it('one that was silent for too long is a member no more when another joins, and learns it', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })

      const other = await store.joinMembers(second, { at: 9_000, silentSince: 1_000 })

      expect(other).toBeUndefined()
      expect(await store.renewMember('srv_1', 9_001)).toBe(false)
      expect(await store.renewMember('srv_2', 9_001)).toBe(true)
    })

    it('a probe writes', async () => {
      const { store } = open()

      await expect(store.probeWrite(testNow)).resolves.toBeUndefined()
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
      expect(await store.listMembers()).toEqual([{ ...first, seenAt: 1_000 }])
    })

    it('renewing keeps its place', async () => {
      const store = await withInstance(open)
      await store.joinMembers(first, { at: 1_000, silentSince: 0 })
      await store.renewMember('srv_1', 8_000)

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
