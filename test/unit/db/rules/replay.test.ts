import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Delivery } from '../../../../src/db/ports/deliveries.ts'
import { anew, anewTogether, replay } from '../../../../src/db/rules/replay.ts'

const at = 1_000
const moment = fc.option(fc.integer({ min: at - 5, max: at + 5 }))

const delivery: fc.Arbitrary<Delivery> = fc
  .record({
    state: fc.constantFrom('pending' as const, 'delivered' as const, 'dead' as const),
    tries: fc.nat(10),
    scheduleFrom: fc.nat(3),
    claimedUntil: moment,
    claimedBy: fc.constantFrom(null, 'srv_1'),
    firstEndedAt: moment,
  })
  .map(({ tries, scheduleFrom, ...fields }) => ({
    id: 'dlv_1',
    eventSeq: 1,
    siteId: 'sit_1',
    itemId: 7,
    attempts: scheduleFrom + tries,
    scheduleFrom,
    dueAt: null,
    createdAt: 0,
    settledAt: fields.state === 'pending' ? null : 1,
    ...fields,
  }))

const event = fc.record({ hasBody: fc.boolean(), delivery: fc.option(delivery) })
const site = fc.record({
  webhookUrl: fc.constantFrom(null, 'https://erp.acme.test/'),
  removedAt: fc.constantFrom(null, 1),
})

it('what is sent again is due at once, nobody’s, and begins its schedule anew', () => {
  fc.assert(
    fc.property(event, site, (event, site) => {
      const { became, change } = replay(event, site, at)
      if (became !== 'replayed') return

      const after = { attempts: 0, ...event.delivery, ...change }
      expect(after).toMatchObject({
        state: 'pending',
        dueAt: at,
        claimedUntil: null,
        claimedBy: null,
        settledAt: null,
      })
      expect(after.attempts).toBe(event.delivery?.attempts ?? 0)
      expect(after.attempts + 1 - after.scheduleFrom).toBe(1)
    }),
  )
})

it('what is in flight or was never tried keeps its turn, and nothing holds back a replay', () => {
  fc.assert(
    fc.property(event, (event) => {
      const { became, change } = replay(event, { webhookUrl: 'x', removedAt: null }, at)
      if (!event.hasBody) return
      const { state, firstEndedAt, claimedUntil } = event.delivery ?? {}
      const isUntried = state === 'pending' && firstEndedAt === null
      const isInFlight = (claimedUntil ?? 0) > at

      expect(became).toBe(isUntried || isInFlight ? 'underway' : 'replayed')
      if (!event.delivery) expect(change).toMatchObject({ firstEndedAt: at })
    }),
  )
})

it('nothing is sent without its body, or to a site that has no address or is being deleted', () => {
  fc.assert(
    fc.property(event, site, (event, site) => {
      const { became } = replay(event, site, at)

      const canBe = event.hasBody && site.webhookUrl !== null && site.removedAt === null
      expect(became === 'impossible').toBe(!canBe)
    }),
  )
})

it('of many at once each is named once, with the change that it has alone', () => {
  const some = fc
    .array(fc.nat(5))
    .map((tries) => tries.map((attempts, id) => ({ id: `${id}`, attempts })))

  fc.assert(
    fc.property(some, (deliveries) => {
      const groups = anewTogether(deliveries, at)
      const changes = groups.flatMap(({ ids, change }) => ids.map((id) => [id, change] as const))

      expect(new Map(changes)).toEqual(new Map(deliveries.map((one) => [one.id, anew(one, at)])))
      expect(changes).toHaveLength(deliveries.length)
    }),
  )
})
