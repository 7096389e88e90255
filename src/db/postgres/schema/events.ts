import { sql } from 'drizzle-orm'
import { index, pgTable, uniqueIndex } from 'drizzle-orm/pg-core'
import type { DeliveryState } from '../../ports/deliveries.ts'
import { triesAtOnce } from '../../rules/endpoint-health.ts'
import { sites } from './tenants.ts'
import { bytes, identity, integer, json, text } from './types.ts'

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
    index('events_unhandled')
      .on(event.seq)
      .where(sql`handled_at IS NULL`),
    index('events_site').on(event.siteId, event.receivedAt),
    index('events_feed').on(event.siteId, event.seq),
    index('events_received').on(event.receivedAt),
    index('events_item')
      .on(event.itemId, event.seq)
      .where(sql`item_id IS NOT NULL`),
    index('events_kept_body')
      .on(event.receivedAt)
      .where(sql`body IS NOT NULL`),
  ],
)

/** One event on its way to one site. */
export const deliveries = pgTable(
  'deliveries',
  {
    id: text().primaryKey(),
    eventSeq: integer()
      .notNull()
      .references(() => events.seq, { onDelete: 'cascade' }),
    siteId: text()
      .notNull()
      .references(() => sites.id, { onDelete: 'cascade' }),
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
    index('deliveries_dead')
      .on(delivery.siteId, delivery.settledAt)
      .where(sql`state = 'dead'`),
  ],
)

/** Each try of a delivery. The response is what the site said, sealed: only its owner may see it. */
export const attempts = pgTable(
  'attempts',
  {
    id: identity(),
    deliveryId: text()
      .notNull()
      .references(() => deliveries.id, { onDelete: 'cascade' }),
    number: integer().notNull(),
    startedAt: integer().notNull(),
    durationMs: integer().notNull(),
    status: integer(),
    error: text(),
    response: bytes(),
  },
  (attempt) => [
    index('attempts_delivery').on(attempt.deliveryId, attempt.number),
    index('attempts_kept_response')
      .on(attempt.startedAt)
      .where(sql`response IS NOT NULL`),
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
    index('endpoints_recovering')
      .on(endpoint.siteId)
      .where(sql`recover_until IS NOT NULL`),
  ],
)
