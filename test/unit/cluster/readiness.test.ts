import { expect, test } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { createHeartbeats } from '../../../src/cluster/heartbeats.ts'
import { createReadiness, type Lifecycle } from '../../../src/cluster/readiness.ts'
import { StoreAwayError } from '../../../src/db/store-errors.ts'
import { testApp } from '../../support/app.ts'
import { testClock } from '../../support/clock.ts'

const plenty = 10 * 1024 * 1024 * 1024

function aServer() {
  const clock = testClock()
  const lifecycle: Lifecycle = {
    stopping: false,
    leftMs: () => Number.POSITIVE_INFINITY,
    begun: Promise.resolve(),
  }
  const heartbeats = createHeartbeats(clock)
  const state = { probes: 0, fails: undefined as Error | undefined, free: plenty }
  const readiness = createReadiness({
    store: {
      async probeWrite() {
        state.probes += 1
        if (state.fails) throw state.fails
      },
    },
    memberId: 'srv_1',
    heartbeats,
    lifecycle,
    dataDir: '/data',
    now: clock.now,
    freeBytes: async () => state.free,
  })
  return { clock, lifecycle, heartbeats, state, readiness }
}

test('a server that writes, has room and ticks is ready', async () => {
  const { readiness, heartbeats } = aServer()
  await heartbeats.watch('relay', async () => false)()

  const { ready, checks } = await readiness()

  expect(ready).toBe(true)
  expect(Object.keys(checks)).toEqual(['server', 'database', 'disk', 'relay'])
})

test('a stopping server says so at once, whatever was true a moment ago', async () => {
  const { readiness, lifecycle } = aServer()
  await readiness()

  lifecycle.stopping = true

  expect(await readiness()).toMatchObject({
    ready: false,
    checks: { server: { ok: false, reason: 'stopping' } },
  })
})

test('a write that fails is named with its code', async () => {
  const { readiness, state } = aServer()
  state.fails = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' })

  expect(await readiness()).toMatchObject({
    ready: false,
    checks: { database: { ok: false, reason: 'a write fails (SQLITE_IOERR)' } },
  })
})

test('a server that cannot reach its database says so, and is ready once it can', async () => {
  const { readiness, state, clock } = aServer()
  state.fails = new StoreAwayError('The database is away')

  const away = await readiness()
  state.fails = undefined
  clock.advance(1_000)

  expect(away).toMatchObject({
    ready: false,
    checks: { database: { ok: false, reason: 'the database is away' } },
  })
  expect(await readiness()).toMatchObject({ ready: true })
})

test('a full disk is a reason', async () => {
  const { readiness, state } = aServer()
  state.free = 1024

  expect(await readiness()).toMatchObject({
    ready: false,
    checks: { disk: { ok: false, reason: 'the disk is full', free_megabytes: 0 } },
  })
})

test('a loop that went silent is a reason until it ticks again', async () => {
  const { readiness, heartbeats, clock } = aServer()
  const tick = heartbeats.watch('relay', async () => false)
  clock.advance(61_000)

  const silent = await readiness()
  await tick()
  const back = await readiness()

  expect(silent).toMatchObject({
    ready: false,
    checks: { relay: { ok: false, last_tick_seconds: 61 } },
  })
  expect(back.ready).toBe(true)
})

test('a loop that fails each time counts as silent', async () => {
  const { readiness, heartbeats, clock } = aServer()
  const tick = heartbeats.watch('relay', async () => {
    throw new Error('no')
  })
  clock.advance(61_000)

  await expect(tick()).rejects.toThrow('no')

  expect((await readiness()).ready).toBe(false)
})

test('a crowd that asks at the same moment causes one write', async () => {
  const { readiness, state, clock } = aServer()

  await Promise.all(Array.from({ length: 50 }, () => readiness()))
  expect(state.probes).toBe(1)

  clock.advance(1_000)
  await readiness()
  expect(state.probes).toBe(2)
})

test('/ready answers 200 with its checks, and 503 once the server stops; /live goes on', async () => {
  const { app } = await testApp()

  const before = await app.inject('/ready')
  app.lifecycle.stopping = true
  const after = await app.inject('/ready')
  const live = await app.inject('/live')

  expect(before.statusCode).toBe(200)
  expect(before.json()).toMatchObject({ status: 'ready', checks: { database: { ok: true } } })
  expect(after.statusCode).toBe(503)
  expect(after.json()).toMatchObject({
    status: 'not ready',
    checks: { server: { reason: 'stopping' } },
  })
  expect(live.statusCode).toBe(200)
})

test('/live tells which version answers, and nothing else', async () => {
  const { app } = await testApp()

  const { statusCode, body } = await app.inject('/live')

  expect({ statusCode, body }).toEqual({
    statusCode: 200,
    body: JSON.stringify({ status: 'live', version: manifest.version }),
  })
})

test('a server on its way out asks clients to open their next connection elsewhere', async () => {
  const { app } = await testApp()

  const before = await app.inject('/live')
  app.lifecycle.stopping = true
  const after = await app.inject('/live')

  expect(before.headers['connection']).not.toBe('close')
  expect(after.headers['connection']).toBe('close')
})

test('a clock that is put back keeps no answer alive', async () => {
  const { readiness, state, clock } = aServer()
  await readiness()

  clock.advance(-160 * 24 * 60 * 60_000)
  state.free = 0

  expect(await readiness()).toMatchObject({ ready: false })
})
