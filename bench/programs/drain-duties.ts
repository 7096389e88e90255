import { createHmac } from 'node:crypto'
import { pino } from 'pino'
import { Agent, request } from 'undici'
import { eventBody } from './bridge-replies.ts'
import { createGroup, openDatabase } from './database.ts'
import { workWhenAsked } from './listen.ts'
import { open, seal } from './sealing.ts'

// What we owe with each delivery, by the libraries alone: found by its site's turn, four of a site at most under way, and claimed
// in a commit; its body and the site's secret opened, signed twice, posted; settled in another commit with its answer if the
// claim still holds, the next of its item let go, counted for its site, its endpoint's health looked at; a line of log. Answers
// the microseconds of CPU that one takes.
const [atOnce = ''] = process.argv.slice(2)
const client = openDatabase()
const group = createGroup(client)
const dispatcher = new Agent({ keepAliveTimeout: 4_000 })

const sites = client
  .prepare<[], string>(`SELECT DISTINCT site_id FROM deliveries WHERE state = 'pending'`)
  .pluck()
  .all()
const { due } = client
  .prepare<[], { due: number }>(
    `SELECT count(*) AS due FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL`,
  )
  .get()!
const claim = client
  .prepare<unknown[], string>(
    `UPDATE deliveries SET attempts = attempts + 1, due_at = +?, claimed_until = +?, claimed_by = 'srv'
     WHERE id = (
       SELECT id FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL
         AND site_id = +? AND due_at <= +? ORDER BY due_at, event_seq LIMIT 1)
     RETURNING id`,
  )
  .pluck()
const claimed = client.prepare<
  [string],
  { event: string; type: string; user: string; url: string; name: string; attempts: number }
>(
  `SELECT events.*, sites.*, endpoints.*, events.id AS event, events.user_id AS user,
     sites.webhook_url AS url, deliveries.attempts
   FROM deliveries JOIN events ON events.seq = deliveries.event_seq
   JOIN sites ON sites.id = deliveries.site_id
   LEFT JOIN endpoints ON endpoints.site_id = sites.id WHERE deliveries.id = +?`,
)
const deliveryOf = client.prepare<[string], { attempts: number; item_id: number }>(
  `SELECT * FROM deliveries WHERE id = +?`,
)
const settle = client.prepare(
  `UPDATE deliveries SET state = 'delivered', due_at = NULL, claimed_until = NULL, claimed_by = NULL,
     first_ended_at = ?, settled_at = ?
   WHERE id = ?`,
)
const release = client.prepare(
  `UPDATE deliveries SET due_at = ? WHERE due_at IS NULL AND id = (
     SELECT id FROM deliveries WHERE site_id = +? AND item_id = +? AND first_ended_at IS NULL
     ORDER BY event_seq LIMIT 1)`,
)
const addTry = client.prepare(
  `INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status, response)
   VALUES (?, 1, ?, 1, 200, ?)`,
)
const count = client.prepare(
  `INSERT INTO usage (month, connections, calls, webhooks, renewals, tenant_id, site_id, site)
   SELECT ?, 0, 0, 1, 0, tenant_id, id, name FROM sites WHERE id = ?
   ON CONFLICT (month, tenant_id, site_id) DO UPDATE SET webhooks = webhooks + 1`,
)
const healthOf = client.prepare<[string], { webhook_url: string; streak: number }>(
  `SELECT sites.webhook_url, endpoints.* FROM sites
   LEFT JOIN endpoints ON endpoints.site_id = sites.id WHERE sites.id = +?`,
)
const again = client.prepare(
  `UPDATE deliveries SET state = 'pending', due_at = 0, attempts = 0, first_ended_at = NULL,
     settled_at = NULL`,
)
const forget = client.prepare(`DELETE FROM attempts`)
const log = pino(pino.destination('/dev/null'))

// The seed's rows are sealed with the installation's key; these are as long.
const sealedBody = seal(Buffer.from(eventBody(10_000_000, `uuid-of-${'x'.repeat(28)}`, Date.now())))
const sealedSecret = seal(Buffer.from(`whsec_${'x'.repeat(44)}`))

const busy = new Map(sites.map((site) => [site, 0]))

/** One of each site that has less than four under way and any due, those with the fewest first. */
const claimSome = client.transaction((limit: number) => {
  const [at, until] = [Date.now(), Date.now() + 60_000]
  const taken = []
  for (const [site, under] of [...busy].toSorted(([, a], [, b]) => a - b)) {
    if (taken.length === limit) break
    const id = under < 4 ? claim.get(until, until, site, at) : undefined
    if (id !== undefined) taken.push({ ...claimed.get(id)!, id, site })
  }
  return taken
})
const reset = client.transaction(() => {
  again.run()
  forget.run()
})

async function deliver({
  id,
  site,
  event,
  type,
  url,
  name,
  attempts,
}: ReturnType<typeof claimSome>[number]) {
  busy.set(site, busy.get(site)! + 1)
  const [at, body, secret] = [Date.now(), open(sealedBody), open(sealedSecret)]
  const signed = (text: string): string =>
    createHmac('sha256', secret).update(text).update(body).digest('base64')
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'bank-api',
    'webhook-id': event,
    'webhook-timestamp': String(Math.floor(at / 1_000)),
    'webhook-signature': `v1,${signed(`${event}.${at}.`)}`,
    'x-frappe-webhook-signature': signed(''),
    'x-bank-api-site': name,
    'x-bank-api-event': type,
  }
  const signal = AbortSignal.timeout(15_000)
  const answer = await request(url, { method: 'POST', headers, body, dispatcher, signal })
  const response = seal(Buffer.from(await answer.body.arrayBuffer()))
  await group(() => {
    const { attempts: present, item_id: item } = deliveryOf.get(id)!
    if (present !== attempts) throw new Error('Another has it by now')
    const end = Date.now()
    settle.run(end, end, id)
    release.run(end, site, item)
    addTry.run(id, at, response)
    count.run(new Date(end).toISOString().slice(0, 7), site)
    const { webhook_url: now, streak } = healthOf.get(site)!
    if (now === url && streak > 0) throw new Error('All are well')
  })
  busy.set(site, busy.get(site)! - 1)
  log.info({ delivery: id, event, type, site, try: attempts, status: 200 }, 'webhook delivered')
}

workWhenAsked(async () => {
  reset.immediate()
  const before = process.cpuUsage()
  const inFlight = new Set<Promise<void>>()
  for (let some = claimSome.immediate(256); some.length > 0; some = claimSome.immediate(256)) {
    for (const one of some) {
      const work: Promise<void> = deliver(one).finally(() => inFlight.delete(work))
      inFlight.add(work)
    }
    while (inFlight.size > Number(atOnce) - 256) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / due
})
