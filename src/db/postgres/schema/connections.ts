import { sql } from 'drizzle-orm'
import { index, pgTable, uniqueIndex } from 'drizzle-orm/pg-core'
import type { RequestState } from '../../ports/requests.ts'
import type { Language } from '../../../language.ts'
import type { MailEnd } from '../../ports/reminder-ways.ts'
import { sites } from './tenants.ts'
import { bytes, identity, indexOfSome, integer, textOf, integerOf, text } from './types.ts'

export const bridgeUsers = pgTable(
  'bridge_users',
  {
    id: text().primaryKey(),
    siteId: textOf(() => sites.id),
    name: text().notNull(),
    foldedName: text().notNull().default(''),
    userUuid: text().unique(),
    email: bytes(),
    language: text<Language>(),
    mailStoppedAt: integer(),
    mailRefusals: integer().notNull().default(0),
    createdAt: integer().notNull(),
    itemsReadAt: integer(),
  },
  (user) => [
    uniqueIndex('bridge_users_site_name').on(user.siteId, user.name),
    index('bridge_users_site_folded').on(user.siteId, user.foldedName),
    index('bridge_users_folded').on(user.foldedName),
  ],
)

export const connectRequests = pgTable(
  'connect_requests',
  {
    id: text().primaryKey(),
    userId: textOf(() => bridgeUsers.id),
    state: text<RequestState>().notNull(),
    bank: text(),
    redirectUrl: text().notNull(),
    accountTypes: text().notNull(),
    managedItemId: integer(),
    lastTryAt: integer(),
    itemId: integer(),
    step: text(),
    openedAt: integer().notNull(),
    expiresAt: integer().notNull(),
    completedAt: integer(),
    callbacks: integer().notNull().default(0),
    claimedItemId: integer(),
    claimedStep: text(),
    matchedAt: integer(),
  },
  (request) => [
    index('connect_requests_user').on(request.userId, request.state, request.openedAt),
    index('connect_requests_open').on(request.state, request.expiresAt),
    index('connect_requests_opened').on(request.openedAt),
    index('connect_requests_ending').on(request.expiresAt),
    indexOfSome('connect_requests_itemless', sql`item_id IS NULL`, request.expiresAt),
    indexOfSome('connect_requests_item', sql`item_id IS NOT NULL`, request.itemId),
    index('connect_requests_claimed')
      .on(request.openedAt, request.id)
      .where(sql`claimed_item_id IS NOT NULL`),
    uniqueIndex('connect_requests_new_item')
      .on(request.itemId)
      .where(sql`managed_item_id IS NULL AND item_id IS NOT NULL`),
  ],
)

export const items = pgTable(
  'items',
  {
    id: integer().primaryKey(),
    userId: textOf(() => bridgeUsers.id),
    providerId: integer(),
    bank: text(),
    providerName: text(),
    accountTypes: text(),
    status: integer().notNull(),
    statusCodeInfo: text(),
    authenticationExpiresAt: integer(),
    lastSuccessAt: integer(),
    lastTryAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    unreachableAt: integer(),
    goneAt: integer(),
    toldStatus: integer(),
    remindedOf: integer(),
    remindedDays: integer(),
    mailedOf: integer(),
    mailedDays: integer(),
    mailedAt: integer(),
    mailEnd: text<MailEnd>(),
    mailDeferredAt: integer(),
    compareFrom: integer(),
    askedAt: integer(),
    countedMonth: text().notNull().default(''),
    helpAskedAt: integer(),
    refreshGaps: text().notNull().default(''),
    expectedAt: integer(),
    staleDueAt: integer(),
    countedEnd: integer(),
  },
  (item) => [
    index('items_user').on(item.userId),
    indexOfSome('items_untold', sql`told_status IS NULL OR told_status <> status`, item.id),
    indexOfSome('items_consent', sql`gone_at IS NULL`, item.authenticationExpiresAt, item.userId),
    indexOfSome('items_bank', sql`gone_at IS NULL`, item.providerId, item.id),
    indexOfSome('items_compare', sql`compare_from IS NOT NULL`, item.compareFrom),
    index('items_heard').on(item.updatedAt),
    indexOfSome('items_stale', sql`stale_due_at IS NOT NULL`, item.staleDueAt),
    indexOfSome('items_uncounted', sql`gone_at IS NULL`, item.countedMonth),
    index('items_end_uncounted')
      .on(item.id)
      .where(
        sql`gone_at IS NULL AND authentication_expires_at IS NOT NULL AND (counted_end IS NULL OR counted_end <> authentication_expires_at)`,
      ),
    indexOfSome('items_unwell', sql`status <> 0 AND gone_at IS NULL`, item.status, item.userId),
    indexOfSome('items_gone', sql`gone_at IS NOT NULL`, item.goneAt),
  ],
)

export const accounts = pgTable(
  'accounts',
  {
    id: integer().primaryKey(),
    itemId: integerOf(() => items.id),
    createdAt: integer().notNull(),
    ibanFingerprint: bytes(),
    ownerPrint: bytes(),
    replacedItemId: integer(),
    replacedAccountId: integer(),
    dataUntil: integer(),
  },
  (account) => [
    index('accounts_item').on(account.itemId),
    indexOfSome('accounts_print', sql`owner_print IS NOT NULL`, account.ownerPrint),
  ],
)

/** What is remembered of accounts whose connection was deleted here, to know them when they come back. */
export const lostAccounts = pgTable(
  'lost_accounts',
  {
    id: integer().primaryKey(),
    userId: textOf(() => bridgeUsers.id),
    itemId: integer().notNull(),
    ownerPrint: bytes().notNull(),
    dataUntil: integer(),
    lostAt: integer().notNull(),
  },
  (account) => [
    index('lost_accounts_user').on(account.userId),
    index('lost_accounts_print').on(account.ownerPrint),
    index('lost_accounts_lost').on(account.lostAt),
  ],
)

/** Renewal pages that went on to Bridge, which are limited per day. */
export const renewals = pgTable(
  'renewals',
  {
    id: identity(),
    itemId: integerOf(() => items.id),
    at: integer().notNull(),
  },
  (renewal) => [index('renewals_item_at').on(renewal.itemId, renewal.at)],
)

/** Unattended refreshes asked for, which PSD2 limits per day. */
export const itemRefreshes = pgTable(
  'item_refreshes',
  {
    id: identity(),
    itemId: integerOf(() => items.id),
    at: integer().notNull(),
  },
  (refresh) => [index('item_refreshes_item_at').on(refresh.itemId, refresh.at)],
)
