import { describe, expect, it } from 'vitest'
import type { OpenRooms } from './store.ts'

const hour = 60 * 60_000
const by = { actor: 'cli', at: 1_000 }
const offer = (id: string, expiresAt = 2_000) => ({
  id,
  who: 'anne',
  tenantId: null,
  siteId: null,
  apiKey: null,
  secretHash: Buffer.from(`offered ${id}`),
  madeAt: by.at,
  expiresAt,
})
const anne = (at: number) => ({ actor: 'console:anne', at })
const session = (id: string) => ({
  offeredHash: Buffer.from(`offered ${id}`),
  secretHash: Buffer.from(`cookie ${id}`),
  expiresAt: 12 * hour,
})

export function consoleContract(name: string, open: OpenRooms): void {
  describe(`ways into the console, ${name}`, () => {
    it('an address becomes a session once', async () => {
      const { store } = open()
      await store.offerSession(offer('ses_1'), by)

      const first = await store.enterSession('ses_1', session('ses_1'), anne(1_500))
      const again = await store.enterSession('ses_1', session('ses_1'), anne(1_600))

      expect([first, again]).toEqual([true, false])
      expect(await store.findSession('ses_1')).toEqual({
        session: {
          ...offer('ses_1'),
          secretHash: Buffer.from('cookie ses_1'),
          enteredAt: 1_500,
          expiresAt: 12 * hour,
        },
        key: null,
        tenant: null,
        site: null,
      })
    })

    it('of two who enter by one address at once, one does', async () => {
      const { store } = open()
      await store.offerSession(offer('ses_1'), by)

      const entered = await Promise.all(
        [1, 2, 3, 4].map((at) => store.enterSession('ses_1', session('ses_1'), anne(at))),
      )

      expect(entered.filter(Boolean)).toHaveLength(1)
    })

    it('nobody enters with the hash of another address', async () => {
      const { store } = open()
      await store.offerSession(offer('ses_1'), by)
      await store.offerSession(offer('ses_2'), by)

      const entered = await store.enterSession('ses_1', session('ses_2'), anne(1_500))

      expect(entered).toBe(false)
      expect((await store.findSession('ses_1'))?.session.enteredAt).toBeNull()
    })

    it('what has expired is not listed, and forgotten when the next is offered', async () => {
      const { store } = open()
      await store.offerSession(offer('ses_1', 2_000), by)
      await store.offerSession(offer('ses_2', 9_000), { ...by, at: 1_999 })

      const listed = await store.listSessions(2_000)
      const before = await store.findSession('ses_1')
      await store.offerSession(offer('ses_3', 9_000), { ...by, at: 2_000 })

      expect(listed.map(({ id }) => id)).toEqual(['ses_2'])
      expect(before?.session.id).toBe('ses_1')
      expect(await store.findSession('ses_1')).toBeUndefined()
      expect((await store.listSessions(3_000)).map(({ id }) => id)).toEqual(['ses_3', 'ses_2'])
    })

    it('one that was ended is gone, and the audit names who offered, entered and ended it', async () => {
      const { store } = open()
      await store.offerSession(offer('ses_1'), by)
      await store.enterSession('ses_1', session('ses_1'), anne(1_500))

      const ended = await store.endSession('ses_1', { actor: 'console:anne', at: 1_600 })
      const again = await store.endSession('ses_1', by)

      expect([ended, again]).toEqual([true, false])
      expect(await store.findSession('ses_1')).toBeUndefined()
      const audit = await store.listAudit({ action: 'console', limit: 9 })
      expect(audit.map(({ at, actor, action, subject }) => [at, actor, action, subject])).toEqual([
        [1_600, 'console:anne', 'console.ended', 'ses_1'],
        [1_500, 'console:anne', 'console.entered', 'ses_1'],
        [1_000, 'cli', 'console.offered', 'ses_1'],
      ])
    })
  })
}
