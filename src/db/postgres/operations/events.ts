import { and, asc, desc, gt, isNull, lt, lte, sql } from 'drizzle-orm'
import { given } from '../../conditions.ts'
import type { EventStore, Handling } from '../../ports/events.ts'
import { ClaimLostError } from '../../store-errors.ts'
import { events } from '../schema/index.ts'
import { inBatches } from '../batches.ts'
import { prepared, tableOf, type Db, type Tools } from '../tools.ts'
import { applyAll, type Applying } from './apply-events.ts'
import { newOf, storing } from './store-event.ts'
import { claimWork, givenClaiming, isFreeFor, lockWork } from './work-claims.ts'

/** What becomes of an event that a member has in hand; null: it stays as it is. */
interface Note extends Handling {
  handledAt: number | null
  handleAfter: number | null
  failed: number
}

const noteAll = (db: Db, all: readonly Note[]) => {
  const notes = tableOf('note', all, {
    by: 'text',
    seq: 'bigint',
    handledAt: 'bigint',
    handleAfter: 'bigint',
    failed: 'bigint',
  })
  return db.execute<{ nth: string }>(sql`
UPDATE events SET handled_at = coalesce("handledAt", handled_at), handle_after = coalesce("handleAfter", handle_after),
  failures = failures + failed
FROM ${notes} JOIN work_claims ON work_claims.claimed_by = note.by AND work_claims.kind = 'user-events'
WHERE events.seq = note.seq AND work_claims.subject = ${userOfEvent}
RETURNING nth`)
}

/** Whose events it is one of: those of nobody are all claimed together. */
const userOfEvent = sql`coalesce(${events.userId}, '')`

const isWaiting = and(isNull(events.handledAt), lte(events.handleAfter, given('at')))

const anyWaiting = prepared((db) =>
  db.select({ seq: events.seq }).from(events).where(isWaiting).limit(1),
)

/** Those that no other living member has in hand. */
const free = prepared((db) =>
  db
    .select()
    .from(events)
    .where(and(isWaiting, isFreeFor(db, 'user-events', userOfEvent, givenClaiming)))
    .orderBy(asc(events.seq))
    .limit(given('limit')),
)

export function eventOperations({ run, transaction, together }: Tools): EventStore {
  const noting = inBatches(async (all: readonly Note[], patience) => {
    const [{ rows }] = await together((db) => [noteAll(db, all)] as const, patience)
    const noted = new Set(rows.map(({ nth }) => Number(nth)))
    return all.map((_, nth) =>
      noted.has(nth + 1) ? undefined : new ClaimLostError('Another server has this event by now'),
    )
  })
  const applying = inBatches((all: readonly Applying[], patience) =>
    transaction((db, last) => applyAll(db, last, all), patience),
  )
  return {
    acceptEvent: inBatches(async (all, patience) => {
      const news = newOf(await together((db) => storing(db, all), patience))
      return all.map(({ id }) => (news.has(id) ? 'new' : 'repeat'))
    }),

    async claimUnhandledEvents(claiming) {
      if ((await run((db) => anyWaiting(db).execute({ ...claiming }))).length === 0) return []
      return transaction(async (db, last) => {
        const [, found] = await Promise.all([
          lockWork(db).execute(),
          free(db).execute({ ...claiming }),
        ])
        const users = found.map(({ userId }) => userId ?? '')
        if (users.length > 0) last(claimWork(db, 'user-events', users, claiming))
        return found
      })
    },

    applyEvent: (change, handling) => applying({ change, handling }),

    markHandled: (handling, handledAt) =>
      noting({ ...handling, handledAt, handleAfter: null, failed: 0 }),

    postponeEvent: (handling, handleAfter, { failed } = { failed: false }) =>
      noting({ ...handling, handledAt: null, handleAfter, failed: failed ? 1 : 0 }),

    lastWebhookAt: (until) =>
      run(async (db) => {
        // Bridge's events alone begin with their name.
        const [last] = await db
          .select({ at: events.receivedAt })
          .from(events)
          .where(
            and(
              gt(events.dedupeKey, 'bridge:'),
              lt(events.dedupeKey, 'bridge;'),
              lte(events.receivedAt, until),
            ),
          )
          .orderBy(desc(events.receivedAt))
          .limit(1)
        return last?.at ?? null
      }),
  }
}
