import { sql } from 'drizzle-orm'
import { index, pgTable, uniqueIndex } from 'drizzle-orm/pg-core'
import type { DeliveryState } from '../../ports/deliveries.ts'
import { triesAtOnce } from '../../rules/endpoint-health.ts'
import { sites } from './tenants.ts'
import { bytes, identity, indexOfSome, integer, json, textOf, integerOf, text } from './types.ts'

/** What happened, in the order we learned of it. Rows outlive their bodies: the digests keep repeats away. */
export const events = pgTable(
  'events',
  {
    seq: identity(),
    id: text().notNull().unique(),
    dedupeKey: text().notNull().unique(),
    type: text().notNull(),
    userId: text(),
    siteId: text().references(() => sites.id, { onDelete: 'cascade' }),
    itemId: integer(),
    body: bytes(),
    occurredAt: integer().notNull(),
    receivedAt: integer().notNull(),
    handledAt: integer(),
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
export const deliveries = pgTable(
  'deliveries',
  {
    id: text().primaryKey(),
    eventSeq: integerOf(() => events.seq),
    siteId: textOf(() => sites.id),
    itemId: integer(),
    state: text<DeliveryState>().notNull(),
    attempts: integer().notNull().default(0),
    scheduleFrom: integer().notNull().default(0),
    dueAt: integer(),
    claimedUntil: integer(),
    claimedBy: text(),
    firstEndedAt: integer(),
    createdAt: integer().notNull(),
    settledAt: integer(),
  },
  (delivery) => [
    uniqueIndex('deliveries_event_site').on(delivery.eventSeq, delivery.siteId),
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
export const attempts = pgTable(
  'attempts',
  {
    id: identity(),
    deliveryId: textOf(() => deliveries.id),
    number: integer().notNull(),
    startedAt: integer().notNull(),
    durationMs: integer().notNull(),
    status: integer(),
    error: text(),
    response: bytes(),
  },
  (attempt) => [
    index('attempts_delivery').on(attempt.deliveryId, attempt.number),
    indexOfSome('attempts_kept_response', sql`response IS NOT NULL`, attempt.startedAt),
  ],
)

/** How a site's `webhook_url` fares, and what it may reach. No row: healthy, and public addresses only. */
export const endpoints = pgTable(
  'endpoints',
  {
    siteId: text()
      .primaryKey()
      .references(() => sites.id, { onDelete: 'cascade' }),
    failingSince: integer(),
    lastFailureAt: integer(),
    jumpedMs: integer().notNull().default(0),
    streak: integer().notNull().default(0),
    holdUntil: integer().notNull().default(0),
    concurrency: integer().notNull().default(triesAtOnce),
    disabledAt: integer(),
    disabledReason: text(),
    allowedTargets: json().$type<string[]>().notNull().default([]),
    previousSecret: bytes(),
    previousSecretUntil: integer(),
    recoverSince: integer(),
    recoverUntil: integer(),
  },
  (endpoint) => [
    indexOfSome('endpoints_recovering', sql`recover_until IS NOT NULL`, endpoint.siteId),
  ],
)
