import { sql } from 'drizzle-orm'
import { blob, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { languages } from '../../../language.ts'
import { mailEnds } from '../../ports/reminder-ways.ts'
import { sites } from './tenants.ts'
import { indexOfSome, textOf, integerOf } from './columns.ts'

export const bridgeUsers = sqliteTable(
  'bridge_users',
  {
    id: text().primaryKey(),
    siteId: textOf(() => sites.id),
    /** The site's own name for the user; empty for the default user. */
    name: text().notNull(),
    /** What all spellings of the name have in common: two older rows may share it. */
    foldedName: text().notNull().default(''),
    /** Null between storing the row and Bridge's answer. */
    userUuid: text().unique(),
    /** The address a link call gave besides a name that is none, sealed. */
    email: blob({ mode: 'buffer' }),
    /** What our mails to the user are written in; null: no link call said. */
    language: text({ enum: languages }),
    /** When the user wanted no more reminders by mail. */
    mailStoppedAt: integer(),
    /** How many of them the mail server refused for the address since it last took one. */
    mailRefusals: integer().notNull().default(0),
    createdAt: integer().notNull(),
    /** When the user's item list was last read to look for an item we do not hold. */
    itemsReadAt: integer(),
  },
  (user) => [
    uniqueIndex('bridge_users_site_name').on(user.siteId, user.name),
    index('bridge_users_site_folded').on(user.siteId, user.foldedName),
    index('bridge_users_folded').on(user.foldedName),
  ],
)

export const connectRequests = sqliteTable(
  'connect_requests',
  {
    id: text().primaryKey(),
    userId: textOf(() => bridgeUsers.id),
    state: text({ enum: ['pending', 'completed', 'failed', 'expired'] }).notNull(),
    bank: text(),
    redirectUrl: text().notNull(),
    accountTypes: text().notNull(),
    /** The item this request manages; null when it connects a new one. */
    managedItemId: integer(),
    /** The last try of that item that was known when the link was opened: a visit before this one's. */
    lastTryAt: integer(),
    /** The item it ended with, once Bridge confirmed it. */
    itemId: integer(),
    step: text(),
    openedAt: integer().notNull(),
    expiresAt: integer().notNull(),
    completedAt: integer(),
    /** Callbacks that could not be verified, or named what is not this request's. */
    callbacks: integer().notNull().default(0),
    /** An item a callback named while Bridge was unreachable; the worker verifies it. */
    claimedItemId: integer(),
    claimedStep: text(),
    /** When Bridge's events made us take the item for this request's; null once a callback confirmed it. */
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

export const items = sqliteTable(
  'items',
  {
    /** Bridge's id. */
    id: integer().primaryKey(),
    userId: textOf(() => bridgeUsers.id),
    providerId: integer(),
    /** The site's word for the bank, and Bridge's. */
    bank: text(),
    providerName: text(),
    accountTypes: text(),
    status: integer().notNull(),
    statusCodeInfo: text(),
    authenticationExpiresAt: integer(),
    /** What Bridge said of its refreshes; null until it said something. */
    lastSuccessAt: integer(),
    lastTryAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** Bridge answered 404: perhaps a passing fault. */
    unreachableAt: integer(),
    /** Deleted, or absent from the user's whole list. */
    goneAt: integer(),
    /** The status that was last looked at to tell the site what it asks of the user. */
    toldStatus: integer(),
    /** The consent that the site was last reminded of, by its end, and how many days before. */
    remindedOf: integer(),
    remindedDays: integer(),
    /** The consent of which its user was last mailed, by its end, how many days before, when, and how that ended. */
    mailedOf: integer(),
    mailedDays: integer(),
    mailedAt: integer(),
    mailEnd: text({ enum: mailEnds }),
    /** When the mail server last did not take such a mail yet. */
    mailDeferredAt: integer(),
    /** When a visit began that may have changed whose accounts these are; null once they were compared. */
    compareFrom: integer(),
    /** When we last asked Bridge because nothing was heard. */
    askedAt: integer(),
    /** The last month for whose usage it was counted, as 2027-01. */
    countedMonth: text().notNull().default(''),
    /** When its site was asked to do something about it; null once it works again. */
    helpAskedAt: integer(),
    /** The last gaps between its successful refreshes, in milliseconds, between commas. */
    refreshGaps: text().notNull().default(''),
    /** When the next success is expected, and when its site is told that none came; null once it was. */
    expectedAt: integer(),
    staleDueAt: integer(),
    /** The end of its consent that was last looked at to count renewals. */
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

export const accounts = sqliteTable(
  'accounts',
  {
    /** Bridge's id. */
    id: integer().primaryKey(),
    itemId: integerOf(() => items.id),
    createdAt: integer().notNull(),
    /** HMAC of the IBAN, keyed with the pepper; null when Bridge shows none. */
    ibanFingerprint: blob({ mode: 'buffer' }),
    /** HMAC of the IBAN and of our user's row, keyed with the pepper: the same for each account of this user with this IBAN. */
    ownerPrint: blob({ mode: 'buffer' }),
    /** The account that this one came in the place of, and until when its data goes. */
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
export const lostAccounts = sqliteTable(
  'lost_accounts',
  {
    /** Bridge's id, as that of the item. */
    id: integer().primaryKey(),
    userId: textOf(() => bridgeUsers.id),
    itemId: integer().notNull(),
    ownerPrint: blob({ mode: 'buffer' }).notNull(),
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
export const renewals = sqliteTable(
  'renewals',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    itemId: integerOf(() => items.id),
    at: integer().notNull(),
  },
  (renewal) => [index('renewals_item_at').on(renewal.itemId, renewal.at)],
)

/** Unattended refreshes asked for, which PSD2 limits per day. */
export const itemRefreshes = sqliteTable(
  'item_refreshes',
  {
    id: integer().primaryKey({ autoIncrement: true }),
    itemId: integerOf(() => items.id),
    at: integer().notNull(),
  },
  (refresh) => [index('item_refreshes_item_at').on(refresh.itemId, refresh.at)],
)
