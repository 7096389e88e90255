import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import type { Site } from '../../../src/db/ports/sites.ts'
import { createRelay, type RelayDeps } from '../../../src/webhooks/relay/relay.ts'
import { createSender } from '../../../src/webhooks/relay/sender.ts'
import { loopback } from '../../../src/webhooks/relay/target-guard.ts'
import { aTenant, testBy, testRooms } from '../../support/tenants.ts'

type LogLine = [level: string, event: Record<string, unknown>, text: string]

/** The relay of a server whose workers do not run, which ticks when the test says so. */
export function relayOf(
  app: Pick<
    FastifyInstance,
    'store' | 'keyring' | 'clock' | 'clockWatch' | 'ids' | 'auditCounter' | 'log'
  >,
) {
  const { store, keyring, clock, clockWatch, ids, auditCounter, log } = app
  const sender = createSender()
  onTestFinished(() => sender.close())
  return createRelay({
    store,
    memberId: 'srv_test',
    keyring,
    clock,
    clockWatch,
    ids,
    auditCounter,
    sender,
    log,
    openedTo: (ownRanges) => [...loopback, ...ownRanges],
  })
}

/** A relay before sites that listen, on a store in memory and a clock that stands still. */
export async function relayRooms({
  names = ['erp.acme.test'],
  ...overrides
}: { names?: string[] } & Partial<RelayDeps> = {}) {
  const rooms = testRooms()
  const { store, keyring, clock, clockWatch, ids } = rooms
  const tenant = await aTenant(rooms, { sites: names })
  const sender = createSender()
  onTestFinished(() => sender.close())
  const lines: LogLine[] = []
  const write = (level: string) => (event: object, text: string) =>
    void lines.push([level, event as Record<string, unknown>, text])
  const log = { info: write('info'), warn: write('warn'), error: write('error') }
  const auditCounter = createAuditCounter((entry) => store.audit(entry))
  const relaying: RelayDeps = {
    memberId: 'srv_test',
    store,
    keyring,
    clock,
    clockWatch,
    ids,
    auditCounter,
    sender,
    log,
    openedTo: (ownRanges) => [...loopback, ...ownRanges],
    ...overrides,
  }

  const listenAt = (webhookUrl: string, site: Site = tenant.site) =>
    store.updateSite(site.id, { webhookUrl }, { ...testBy, at: clock.now() })

  /** An event of the site's; returns its id. `mark` tells its body from others. */
  const emit = async (
    mark: number | string = 'x',
    { site = tenant.site, itemId = 1, type = 'item.refreshed' } = {},
  ): Promise<string> => {
    const id = ids.next('evt')
    const at = clock.now()
    await store.acceptEvent({
      id,
      deliveryId: ids.next('dlv'),
      dedupeKey: id,
      type,
      userId: null,
      siteId: site.id,
      itemId,
      body: keyring.seal(`{"mark":"${mark}"}`, `events/${id}`),
      occurredAt: at,
      receivedAt: at,
      handledAt: at,
    })
    return id
  }
  /** Pushes the clock and delivers what is due, step by step, for so long. */
  const passTime = async (ms: number, stepMs = ms) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(stepMs)
      while (await relay.tick());
    }
  }
  const relay = createRelay(relaying)
  return { ...rooms, ...tenant, relaying, relay, lines, listenAt, emit, passTime }
}

/** The marks of what a receiver got, in order. */
export const marksOf = (posts: readonly { body: string }[]): string[] =>
  posts.map(({ body }) => (JSON.parse(body) as { mark: string }).mark)
