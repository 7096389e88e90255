import { systemIds } from '../../src/clock.ts'
import { openDatabase } from './database.ts'
import { workWhenAsked } from './listen.ts'

// The rows of a webhook, its event and its delivery, by better-sqlite3 alone: as many to a commit as there are callers.
// Answers the microseconds of CPU that one takes.
const events = Number(process.argv[2])
const atOnce = 64

const client = openDatabase()
const all = client
  .prepare<[], { siteId: string; userId: string; itemId: number }>(
    `SELECT bridge_users.site_id AS siteId, bridge_users.id AS userId, items.id AS itemId
     FROM bridge_users JOIN items ON items.user_id = bridge_users.id`,
  )
  .all()
/** As many as call us in a load, spread over all. */
const sites = all.filter((_, index) => index % Math.ceil(all.length / 256) === 0)
const event = client
  .prepare<unknown[], number>(
    `INSERT INTO events
       (id, dedupe_key, type, user_id, site_id, item_id, body, occurred_at, received_at)
     VALUES (?, ?, 'item.account.updated', ?, ?, ?, ?, ?, ?) RETURNING seq`,
  )
  .pluck()
const delivery = client.prepare(
  `INSERT INTO deliveries (id, event_seq, site_id, item_id, state, created_at)
   VALUES (?, ?, ?, ?, 'pending', ?)`,
)
const handled = client.prepare('UPDATE events SET handled_at = ? WHERE seq = ?')
const body = Buffer.alloc(360, 1)

const store = client.transaction((from: number): number[] =>
  Array.from({ length: atOnce }, (_, index) => {
    const { siteId, userId, itemId } = sites[(from + index) % sites.length]!
    const [id, at] = [systemIds.next('evt'), Date.now()]
    const digest = `bridge:${at}:${systemIds.request()}${systemIds.request()}`
    const seq = event.get(id, digest, userId, siteId, itemId, body, at, at)!
    delivery.run(systemIds.next('dlv'), seq, siteId, itemId, at)
    return seq
  }),
)
const settle = client.transaction((seqs: readonly number[]) => {
  for (const seq of seqs) handled.run(Date.now(), seq)
})

workWhenAsked(async () => {
  const before = process.cpuUsage()
  for (let from = 0; from < events; from += atOnce) settle.immediate(store.immediate(from))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / events
})
