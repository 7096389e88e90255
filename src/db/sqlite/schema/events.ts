import { sql } from 'drizzle-orm'
import { blob, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { triesAtOnce } from '../../rules/endpoint-health.ts'
import { sites } from './tenants.ts'
import { indexOfSome, textOf, integerOf } from './columns.ts'

/** What happened, in the order we learned of it. Rows outlive their bodies: the digests keep repeats away. */
export const events = sqliteTable(
  'events',
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    /** Makes the write idempotent: a digest of Bridge's bytes, or our own event's subject. */
    dedupeKey: text().notNull().unique(),
    type: text().notNull(),
    /** No reference: the record may outlive its user. */
    userId: text(),
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    /** Bridge's id; no reference, for the item may not be ours yet, or no longer. */
    itemId: integer(),
    /** The exact bytes, sealed; null once their retention is over. */
    body: blob({ mode: 'buffer' }),
    occurredAt: integer().notNull(),
    receivedAt: integer().notNull(),
    /** Null until the handler has applied it. */
    handledAt: integer(),
    /** Not to be handled before: it failed, or waits for a callback. */
    handleAfter: integer().notNull().default(0),
    failures: integer().notNull().default(0),
  },
  (event) => [
    indexOfSome('events_unhandled', sql`handled_at IS NULL`, event.seq),
    index('events_site').on(event.siteId, event.receivedAt),
    index('events_feed').on(event.siteId, event.seq),
    index('events_received').on(event.receivedAt),
    indexOfSome('events_item', sql`item_id IS NOT NULL`, event.itemId, event.seq),
    indexOfSome('events_kept_body', sql`body IS NOT NULL`, event.receivedAt),
  ],
)

/** One event on its way to one site. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    id: text().primaryKey(),
    eventSeq: integerOf(() => events.seq),
    siteId: textOf(() => sites.id),
    itemId: integer(),
    state: text({ enum: ['pending', 'delivered', 'dead'] }).notNull(),
    /** Claims so far. Never goes back: it fences off a worker that overslept its lease. */
    attempts: integer().notNull().default(0),
    /** The attempts that do not count towards the schedule: those before a replay. */
    scheduleFrom: integer().notNull().default(0),
    /** Null while it waits for the first try of an earlier delivery of its site and item. */
    dueAt: integer(),
    /** Until when a worker has it; null when none has. */
    claimedUntil: integer(),
    /** The server whose worker that is. */
    claimedBy: text(),
    /** When its first try was over, however it ended. */
    firstEndedAt: integer(),
    createdAt: integer().notNull(),
    settledAt: integer(),
  },
  (delivery) => [
    uniqueIndex('deliveries_event_site').on(delivery.eventSeq, delivery.siteId),
    // For a site that goes: what goes with it is found by no index of some rows alone.
    index('deliveries_site').on(delivery.siteId),
    index('deliveries_due')
      .on(delivery.siteId, delivery.dueAt, delivery.eventSeq)
      .where(sql`state = 'pending' AND due_at IS NOT NULL`),
    index('deliveries_first_due')
      .on(delivery.siteId, delivery.dueAt, delivery.eventSeq)
      .where(sql`state = 'pending' AND due_at IS NOT NULL AND first_ended_at IS NULL`),
    index('deliveries_claimed')
      .on(delivery.siteId, delivery.claimedUntil)
      .where(sql`claimed_until IS NOT NULL`),
    index('deliveries_untried')
      .on(delivery.siteId, delivery.itemId, delivery.eventSeq)
      .where(sql`first_ended_at IS NULL`),
    indexOfSome('deliveries_dead', sql`state = 'dead'`, delivery.siteId, delivery.settledAt),
  ],
)

/** Each try of a delivery. The response is what the site said, sealed: only its owner may see it. */
export const attempts = sqliteTable(
  'attempts',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    deliveryId: textOf(() => deliveries.id),
    number: integer().notNull(),
    startedAt: integer().notNull(),
    durationMs: integer().notNull(),
    status: integer(),
    error: text(),
    response: blob({ mode: 'buffer' }),
  },
  (attempt) => [
    index('attempts_delivery').on(attempt.deliveryId, attempt.number),
    indexOfSome('attempts_kept_response', sql`response IS NOT NULL`, attempt.startedAt),
  ],
)

/** How a site's `webhook_url` fares, and what it may reach. No row: healthy, and public addresses only. */
export const endpoints = sqliteTable(
  'endpoints',
  {
    siteId: text()
      .primaryKey()
      .references(() => sites.id, { onDelete: 'cascade' }),
    /** The first failure since the last 2xx. */
    failingSince: integer(),
    lastFailureAt: integer(),
    /** How far the clock was put forward since then: time that did not pass. */
    jumpedMs: integer().notNull().default(0),
    /** Failures in a row that say the site is down. */
    streak: integer().notNull().default(0),
    /** No try starts before. */
    holdUntil: integer().notNull().default(0),
    concurrency: integer().notNull().default(triesAtOnce),
    disabledAt: integer(),
    disabledReason: text(),
    /** CIDRs opened for this site besides the public internet. */
    allowedTargets: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    /** The secret before the last rotation, sealed, and until when it still signs. */
    previousSecret: blob({ mode: 'buffer' }),
    previousSecretUntil: integer(),
    /** What died in between, of failures that began then, is on its way back, some at a time. */
    recoverSince: integer(),
    recoverUntil: integer(),
  },
  (endpoint) => [
    indexOfSome('endpoints_recovering', sql`recover_until IS NOT NULL`, endpoint.siteId),
  ],
)
