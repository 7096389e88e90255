import { asc, eq, inArray, sql } from 'drizzle-orm'
import { serverSettings, type DatabaseServer, type InstanceStore } from '../../ports/instance.ts'
import { apiKeys, dataKeys, instance, members } from '../schema/index.ts'
import { done, first, type Db, type Tools } from '../tools.ts'
import { followed } from '../../rules/sealed-columns.ts'
import { writeAudit } from './audit.ts'
import { lockInstance } from './locks.ts'
import { isSealedWith } from './sealed.ts'

/** The one row's key. */
const only = 1

const isOnly = eq(instance.id, only)

const byAge = [asc(dataKeys.createdAt), asc(dataKeys.seq)]

const keysByAge = (db: Db) =>
  db
    .select({ id: dataKeys.id, wrappedKey: dataKeys.wrappedKey })
    .from(dataKeys)
    .orderBy(...byAge)

async function current(db: Db) {
  const row = await first(db.select().from(instance).where(isOnly))
  if (!row) return undefined
  const { mode, wrappedPepper } = row
  return { mode, wrappedPepper, dataKeys: await keysByAge(db) }
}

export function instanceOperations({ run, transaction, isPooled }: Tools): InstanceStore {
  return {
    readInstance: () => run(current),

    createInstance: ({ at, mode, wrappedPepper, dataKeys: keys }) =>
      transaction(async (db) => {
        // Waits for whoever inserts it at the same moment, and finds what that one stored.
        const made = await db
          .insert(instance)
          .values({ id: only, mode, wrappedPepper, createdAt: at })
          .onConflictDoNothing()
        if (made.rowCount === 0) return (await current(db))!
        if (keys.length > 0) {
          await db.insert(dataKeys).values(keys.map((key) => ({ ...key, createdAt: at })))
        }
        return { mode, wrappedPepper, dataKeys: keys }
      }),

    replaceMode: (from, to) =>
      run((db) => done(db.update(instance).set({ mode: to }).where(eq(instance.mode, from)))),

    listDataKeys: () =>
      run(async (db) => {
        // First who has which: a key that comes in between was seen by nobody.
        const has = await db.select({ id: members.id, dataKey: members.dataKey }).from(members)
        const keys = await keysByAge(db)
        const ageOf = new Map(keys.map(({ id }, age) => [id, age]))
        return keys.map((key, age) => ({
          ...key,
          seenBy: has
            .filter(({ dataKey }) => dataKey !== null && (ageOf.get(dataKey) ?? -1) >= age)
            .map(({ id }) => id),
        }))
      }),

    addDataKey: (key, at) =>
      run((db) => done(db.insert(dataKeys).values({ ...key, createdAt: at }))),

    markDataKeySeen: (id, by) =>
      run((db) => done(db.update(members).set({ dataKey: id }).where(eq(members.id, by)))),

    rewrap: ({ pepper: { from, to }, dataKeys: keys }, by) =>
      transaction(async (db) => {
        const row = await lockInstance(db)
        if (!row?.wrappedPepper.equals(from)) return false
        await db.update(instance).set({ wrappedPepper: to }).where(isOnly)
        for (const { id, wrappedKey } of keys) {
          await db.update(dataKeys).set({ wrappedKey }).where(eq(dataKeys.id, id))
        }
        await writeAudit(db, { ...by, subject: 'instance' })
        return true
      }),

    ownKeys: ({ from, to }, own, by) =>
      transaction(async (db) => {
        const row = await lockInstance(db)
        if (!row?.wrappedPepper.equals(from)) return
        const keys = await db.select().from(apiKeys).for('no key update')
        for (const key of keys) {
          const { apiKey, secretHash, previousSecretHash: previous } = key
          await db
            .update(apiKeys)
            .set({
              secretHash: own(key, secretHash),
              previousSecretHash: previous && own(key, previous),
            })
            .where(eq(apiKeys.apiKey, apiKey))
        }
        await db.update(instance).set({ wrappedPepper: to }).where(isOnly)
        const detail = { keys: keys.length }
        await writeAudit(db, { ...by, action: 'keys.owned', subject: 'instance', detail })
      }),

    async dropUnusedDataKeys(followedBefore, by) {
      // The long look takes no lock. What commands may have written since is in the short tables, and looked at again.
      const candidates = await run(async (db) => {
        const keys = await db
          .select({ id: dataKeys.id, createdAt: dataKeys.createdAt })
          .from(dataKeys)
          .orderBy(...byAge)
        const unused: string[] = []
        for (const { id } of followed(keys, followedBefore))
          if (!(await isSealedWith(db, id))) unused.push(id)
        return unused
      })
      return transaction(async (db) => {
        const unused: string[] = []
        for (const id of candidates) {
          const short = ['webhook-secret', 'previous-webhook-secret'] as const
          if (!(await isSealedWith(db, id, short))) unused.push(id)
        }
        if (unused.length > 0) await db.delete(dataKeys).where(inArray(dataKeys.id, unused))
        for (const subject of unused) {
          await writeAudit(db, { ...by, action: 'keys.dropped', subject })
        }
        return unused
      })
    },

    saveBridgeStatus: ({ at, status }) =>
      run((db) => done(db.update(instance).set({ bridgeStatus: status, bridgeStatusAt: at }))),

    readBridgeStatus: () =>
      run(async (db) => {
        const saved = { status: instance.bridgeStatus, at: instance.bridgeStatusAt }
        const row = await first(db.select(saved).from(instance))
        return row?.status && row.at !== null ? { status: row.status, at: row.at } : undefined
      }),

    async readServer() {
      const { rows } = await run((db) =>
        db.execute<{ name: string; setting: string }>(
          sql`SELECT name, setting FROM pg_settings WHERE name IN ${[...serverSettings, 'server_version']}
            UNION ALL SELECT 'is_superuser', current_setting('is_superuser', true)`,
        ),
      )
      const told = new Map(rows.map(({ name, setting }) => [name, setting]))
      // Not every server that speaks as PostgreSQL has them all: what it does not say is nothing to blame it for.
      const settings = Object.fromEntries(
        serverSettings.map((name) => [name, told.get(name) ?? '']),
      ) as DatabaseServer['settings']
      const version = told.get('server_version') ?? ''
      return { version, isPooled: await isPooled(), settings }
    },

    // Leases and due times outlast a member's clock.
    clockJumped: () => Promise.resolve(),
  }
}
