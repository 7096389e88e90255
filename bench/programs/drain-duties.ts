import { createHmac } from 'node:crypto'
import { Agent, request } from 'undici'
import { eventBody } from './bridge-replies.ts'
import { createGroup, openDatabase } from './database.ts'
import { workWhenAsked } from './listen.ts'
import { open, seal } from './sealing.ts'

// What we owe with each delivery, by the libraries alone: claimed in a commit, its body and the site's secret opened, signed
// twice, posted, and settled with its answer in another. Answers the microseconds of CPU that one takes.
const [atOnce = ''] = process.argv.slice(2)
const client = openDatabase()
const group = createGroup(client)
const dispatcher = new Agent({ keepAliveTimeout: 4_000 })

const due = client
  .prepare<[], string>(`SELECT id FROM deliveries WHERE state = 'pending' ORDER BY event_seq`)
  .pluck()
  .all()
const claim = client.prepare(
  `UPDATE deliveries SET attempts = attempts + 1, due_at = ?, claimed_until = ? WHERE id = ?`,
)
const claimed = client.prepare<
  [string],
  { event: string; item: number; user: string; url: string; name: string }
>(
  `SELECT events.*, sites.*, endpoints.*, events.id AS event, events.item_id AS item,
     events.user_id AS user, sites.webhook_url AS url
   FROM deliveries JOIN events ON events.seq = deliveries.event_seq
   JOIN sites ON sites.id = deliveries.site_id
   LEFT JOIN endpoints ON endpoints.site_id = sites.id WHERE deliveries.id = +?`,
)
const deliveryOf = client.prepare(`SELECT * FROM deliveries WHERE id = +?`)
const settle = client.prepare(
  `UPDATE deliveries SET state = 'delivered', claimed_until = NULL, first_ended_at = ?, settled_at = ?
   WHERE id = ?`,
)
const addTry = client.prepare(
  `INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status, response)
   VALUES (?, 1, ?, 1, 200, ?)`,
)
const again = client.prepare(
  `UPDATE deliveries SET state = 'pending', due_at = 0, first_ended_at = NULL WHERE id = ?`,
)
const forget = client.prepare(`DELETE FROM attempts WHERE delivery_id = ?`)

// The seed's rows are sealed with the installation's key; these are as long.
const sealedBody = seal(Buffer.from(eventBody(10_000_000, `uuid-of-${'x'.repeat(28)}`, Date.now())))
const sealedSecret = seal(Buffer.from(`whsec_${'x'.repeat(44)}`))

const claimSome = client.transaction((ids: readonly string[]) =>
  ids.map((id) => {
    claim.run(Date.now() + 60_000, Date.now() + 60_000, id)
    return { ...claimed.get(id)!, id }
  }),
)
const reset = client.transaction(() => {
  for (const id of due) {
    again.run(id)
    forget.run(id)
  }
})

async function deliver({ id, event, url, name }: ReturnType<typeof claimSome>[number]) {
  const [at, body, secret] = [Date.now(), open(sealedBody), open(sealedSecret)]
  const signed = (text: string): string =>
    createHmac('sha256', secret).update(text).update(body).digest('base64')
  const headers = {
    'content-type': 'application/json',
    'webhook-id': event,
    'webhook-timestamp': String(Math.floor(at / 1_000)),
    'webhook-signature': `v1,${signed(`${event}.${at}.`)}`,
    'x-frappe-webhook-signature': signed(''),
    'x-bank-api-site': name,
    'x-bank-api-event': 'item.account.updated',
  }
  const signal = AbortSignal.timeout(15_000)
  const answer = await request(url, { method: 'POST', headers, body, dispatcher, signal })
  const response = seal(Buffer.from(await answer.body.arrayBuffer()))
  await group(() => {
    deliveryOf.get(id)
    settle.run(at, at, id)
    addTry.run(id, at, response)
  })
}

workWhenAsked(async () => {
  reset.immediate()
  const before = process.cpuUsage()
  const inFlight = new Set<Promise<void>>()
  for (let from = 0; from < due.length; from += 256) {
    for (const one of claimSome.immediate(due.slice(from, from + 256))) {
      const work: Promise<void> = deliver(one).finally(() => inFlight.delete(work))
      inFlight.add(work)
    }
    while (inFlight.size > Number(atOnce) - 256) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / due.length
})
