import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { receiver } from '../../unit/webhooks/receiver.ts'
import { inForm, mostMs } from '../../support/form.ts'
import { installation } from './installation.ts'

const kills = inForm(4, 1_000)
const senders = 8

/** The deliveries a server had in hand when it died. */
function claimedIn(database: string): string[] {
  const client = new Sqlite(database, { readonly: true })
  try {
    return client
      .prepare<[], string>(
        `SELECT events.id FROM deliveries JOIN events ON events.seq = deliveries.event_seq
         WHERE state = 'pending' AND claimed_until IS NOT NULL`,
      )
      .pluck()
      .all()
  } finally {
    client.close()
  }
}

test('a server killed again and again loses no event that got its 200, and repeats only what was in flight', async () => {
  const site = await receiver()
  const { start, post, store, stored, database } = await installation(site.url)
  const accepted: number[] = []
  const inFlightAtKill = new Map<string, number>()
  let next = 1

  for (let life = 0; life < kills; life += 1) {
    const server = await start()
    const before = accepted.length
    const lanes = Array.from({ length: senders }, async () => {
      for (;;) {
        const itemId = next
        next += 1
        const status = await post(server.url, itemId)
        if (status === 200) accepted.push(itemId)
        if (status === null) return
      }
    })
    await expect.poll(() => accepted.length, { timeout: mostMs / 2 }).toBeGreaterThan(before)
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 400))
    await server.kill()
    await Promise.all(lanes)
    for (const id of claimedIn(database)) {
      inFlightAtKill.set(id, (inFlightAtKill.get(id) ?? 0) + 1)
    }
  }

  await start()
  await expect
    .poll(
      async () => {
        const { deliveries, unhandledEvents } = await store.readFigures(systemClock.now())
        return [unhandledEvents, deliveries.pending, deliveries.dead]
      },
      { timeout: mostMs / 2, interval: 250 },
    )
    .toEqual([0, 0, 0])

  const { items } = await stored()
  expect(accepted.filter((itemId) => !items.has(itemId))).toEqual([])
  const arrived = new Set(
    site.posts.map(({ body }) => (JSON.parse(body) as { content: { item_id: number } }).content),
  )
  const arrivedItems = new Set([...arrived].map(({ item_id: itemId }) => itemId))
  expect(accepted.filter((itemId) => !arrivedItems.has(itemId))).toEqual([])
  const posts = new Map<string, number>()
  for (const { headers } of site.posts) {
    const id = String(headers['webhook-id'])
    posts.set(id, (posts.get(id) ?? 0) + 1)
  }
  const tooOften = [...posts].filter(([id, count]) => count > 1 + (inFlightAtKill.get(id) ?? 0))
  expect(tooOften).toEqual([])
})
