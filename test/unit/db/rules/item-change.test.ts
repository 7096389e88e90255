import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  concernsUser,
  itemAfterEvent,
  itemAsDescribed,
  leewayMs,
  missingItems,
} from '../../../../src/db/rules/item-change.ts'
import { dayMs } from '../../../../src/durations.ts'
import { anItemRow, aTime, aUserId, itemNews, someFacts } from './rows.ts'

const here = { wasDeleted: false }
const times = ['authenticationExpiresAt', 'lastSuccessAt', 'lastTryAt'] as const

describe('an item that Bridge described', () => {
  const described = fc.record({
    known: fc.option(anItemRow, { nil: undefined }),
    facts: someFacts,
    userId: aUserId,
    bank: fc.constantFrom(null, 'My bank'),
    at: aTime,
  })

  it('stands under its user, is well, and keeps its birthday; another user’s is left alone', () => {
    fc.assert(
      fc.property(described, ({ known, facts, userId, bank, at }) => {
        const item = itemAsDescribed(known, facts, { userId, bank, at, ...here })

        if (known && known.userId !== userId) {
          expect(item).toBeNull()
          return
        }
        expect(item).toMatchObject({
          userId,
          createdAt: known?.createdAt ?? at,
          updatedAt: Math.max(known?.updatedAt ?? at, at),
          unreachableAt: null,
          goneAt: known?.goneAt != null && known.goneAt >= at - leewayMs ? known.goneAt : null,
          toldStatus: known?.toldStatus ?? null,
          compareFrom: known?.compareFrom ?? null,
        })
      }),
    )
  })

  it('loses nothing that Bridge left out of its answer, and takes what it said', () => {
    const kept = ['providerId', 'providerName', 'accountTypes', ...times] as const
    fc.assert(
      fc.property(described, ({ known: before, facts, bank, at }) => {
        const lastTryAt = before?.lastTryAt == null ? null : Math.min(before.lastTryAt, at)
        const known = before && { ...before, lastTryAt }
        const userId = known?.userId ?? 'ann'
        const item = itemAsDescribed(known, facts, { userId, bank, at, ...here })

        for (const name of kept) expect(item?.[name]).toBe(facts[name] ?? known?.[name] ?? null)
        expect(item?.bank).toBe(bank ?? known?.bank ?? null)
        const { status, statusCodeInfo } = facts
        expect(item).toMatchObject({ status, statusCodeInfo })
      }),
    )
  })

  it('stands as the end of a try told since Bridge was asked, and no time of it moves back', () => {
    fc.assert(
      fc.property(described, anItemRow, ({ facts, at }, before) => {
        const known = { ...before, updatedAt: at + 1, lastTryAt: at + 1 }
        const item = itemAsDescribed(known, facts, { userId: known.userId, at, ...here })

        const { status, statusCodeInfo } = known
        expect(item).toMatchObject({ status, statusCodeInfo })
        for (const name of times) {
          const said = [known[name], facts[name]].filter((time) => time != null)
          expect(item?.[name]).toBe(said.length === 0 ? null : Math.max(...said))
        }
      }),
    )
  })

  it('was heard of when Bridge was asked, whatever a clock that was ahead wrote', () => {
    fc.assert(
      fc.property(described, anItemRow, ({ facts, at }, before) => {
        const ahead = at + 2 * dayMs
        const known = { ...before, updatedAt: ahead, lastTryAt: ahead }
        const item = itemAsDescribed(known, facts, { userId: known.userId, at, ...here })

        const { status, statusCodeInfo } = facts
        expect(item).toMatchObject({ updatedAt: at, status, statusCodeInfo })
      }),
    )
  })

  it('is left alone once it was deleted here, whoever’s it was', () => {
    fc.assert(
      fc.property(described, ({ facts, ...of }) => {
        expect(itemAsDescribed(undefined, facts, { ...of, wasDeleted: true })).toBeNull()
      }),
    )
  })

  it('stands the same when it is described the same twice', () => {
    fc.assert(
      fc.property(described, ({ known, facts, bank, at }) => {
        const of = { userId: known?.userId ?? 'ann', bank, at, ...here }
        const once = itemAsDescribed(known, facts, of)

        expect(itemAsDescribed(once ?? undefined, facts, of)).toEqual(once)
      }),
    )
  })
})

describe('a whole list', () => {
  it('takes what it lacks and nobody heard of since it was asked for, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(anItemRow), fc.array(someFacts), aTime, (living, listed, at) => {
        const gone = missingItems(living, listed, at)

        for (const item of living) {
          const isListed = listed.some(({ id }) => id === item.id)
          const heardSince = item.updatedAt >= at - leewayMs
          if (isListed) expect(gone).not.toContain(item.id)
          if (!isListed && !heardSince) expect(gone).toContain(item.id)
        }
        for (const id of gone) {
          expect(living.some((item) => item.id === id && item.updatedAt < at - leewayMs)).toBe(true)
        }
      }),
    )
  })
})

describe('an event about an item', () => {
  it('never moves an item to another user, and never makes one that was deleted here', () => {
    fc.assert(
      fc.property(anItemRow, itemNews, (known, news) => {
        const after = itemAfterEvent(known, news, here)

        if (known.userId === news.userId) expect(after?.userId ?? known.userId).toBe(known.userId)
        else expect(after).toBeUndefined()
        expect(itemAfterEvent(undefined, news, { wasDeleted: true })).toBeUndefined()
        expect(itemAfterEvent(undefined, news, here)).toMatchObject({
          id: news.itemId,
          userId: news.userId,
        })
      }),
    )
  })

  it('never makes what was heard of older, and changes nothing when it is older itself', () => {
    fc.assert(
      fc.property(anItemRow, itemNews, (known, { ...news }) => {
        const after = itemAfterEvent(known, { ...news, userId: known.userId }, here)

        if (news.at < known.updatedAt - leewayMs) expect(after).toBeNull()
        if (known.goneAt !== null && news.at <= known.goneAt) expect(after).toBeNull()
        if (after) expect(after.updatedAt).toBeGreaterThanOrEqual(known.updatedAt)
      }),
    )
  })

  it('that says nothing new is not written twice, and one that says something is never lost', () => {
    fc.assert(
      fc.property(anItemRow, itemNews, (known, { ...news }) => {
        const change = { ...news, userId: known.userId }
        const after = itemAfterEvent(known, change, here)
        if (!after) return

        const isMute = change.kind === 'account'
        const again = itemAfterEvent(after, change, here)
        if (isMute) expect(again).toBeNull()
        else if (again) expect(again).toEqual(after)
        if (change.kind === 'item') expect(after.status).toBe(change.status ?? known.status)
      }),
    )
  })

  it('that it is gone counts once, for an item of its user that is here', () => {
    fc.assert(
      fc.property(anItemRow, aUserId, aTime, (known, userId, at) => {
        const gone = { kind: 'item-gone' as const, userId, itemId: known.id, at }
        const isTheirs = known.userId === userId && known.goneAt === null

        const expected = isTheirs ? { ...known, goneAt: at } : undefined
        expect(itemAfterEvent(known, gone, here)).toEqual(expected)
        expect(itemAfterEvent(undefined, gone, here)).toBeUndefined()
      }),
    )
  })

  it('leaves no word of another status', () => {
    fc.assert(
      fc.property(anItemRow, itemNews, (known, { ...news }) => {
        const after = itemAfterEvent(known, { ...news, userId: known.userId }, here)
        if (!after) return

        const saysStatus = news.kind === 'item' && news.status !== null
        expect(after.statusCodeInfo).toBe(saysStatus ? news.statusCodeInfo : known.statusCodeInfo)
      }),
    )
  })
})

describe('whom an event is about', () => {
  const userUuid = fc.constantFrom('u1', 'u2')
  const aUser = fc.record({ userUuid: fc.option(userUuid, { nil: null }) })

  it('of a user without a uuid at Bridge no item is news, and only the uuid at hand can go', () => {
    fc.assert(
      fc.property(aUser, itemNews, userUuid, (user, news, gone) => {
        expect(concernsUser(undefined, news)).toBe(false)
        expect(concernsUser(user, news)).toBe(user.userUuid !== null)
        const { userId, at } = news
        const farewell = { kind: 'user-gone' as const, userId, at, userUuid: gone }
        expect(concernsUser(user, farewell)).toBe(user.userUuid === gone)
      }),
    )
  })
})
