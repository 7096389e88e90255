import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createResolve, type Resolve, type Resolving } from '../../../src/webhooks/relay/resolve.ts'
import { createSender } from '../../../src/webhooks/relay/sender.ts'
import {
  checkTarget,
  loopback,
  TargetRefusedError,
} from '../../../src/webhooks/relay/target-guard.ts'
import { nameServer, type Zone } from './name-server.ts'
import { receiver } from './receiver.ts'

const serverFailure = 2

const neverAsked: Resolve = (host, done) => done(new Error(`the system was asked for ${host}`), [])

/** Look-ups at a name server with these names, and at a system that knows none. */
async function resolving(zone: Zone, options: Resolving = {}) {
  const { servers, asked } = await nameServer(zone)
  const resolve = createResolve({ servers, system: neverAsked, ...options })
  const look = (host: string) =>
    new Promise<string[]>((done, fail) =>
      resolve(host, (error, found) => (error ? fail(error) : done(found.map((f) => f.address)))),
    )
  return { resolve, look, asked }
}

/** So long that no question is repeated within a test; `isOver` ends it when the test says so. */
const longMs = 240_000
function lookUpTime() {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  return {
    isOver() {
      for (const [end, ms] of timers.mock.calls) if (ms === longMs) end()
    },
  }
}

/** A system whose look-ups end when the test says so. */
function slowSystem() {
  const underway = new Map<string, () => void>()
  const seen: string[] = []
  const system: Resolve = (host, done) => {
    seen.push(host)
    underway.set(host, () => {
      underway.delete(host)
      done(null, [{ address: '127.0.0.1', family: 4 }])
    })
  }
  return { system, seen, underway }
}

test('while many dials wait for a name server, others dial at once and the threads are free', async () => {
  const { resolve, asked } = await resolving({ 'slow.test': [null], 'good.test': ['127.0.0.1'] })
  const sender = createSender({ resolve })
  onTestFinished(() => sender.close())
  const site = await receiver()
  const stopping = new AbortController()
  const send = (host: string) =>
    sender.send({
      url: site.url.replace('127.0.0.1', host),
      headers: {},
      body: Buffer.from('{}'),
      opened: loopback,
      signal: stopping.signal,
    })
  let ended = 0
  const slow = Array.from({ length: 16 }, () => send('slow.test').finally(() => (ended += 1)))
  await expect.poll(() => asked.filter((name) => name === 'slow.test').length).toBe(2)

  const good = await send('good.test')
  await readFile(new URL(import.meta.url))

  expect(good).toMatchObject({ status: 200 })
  expect(ended).toBe(0)
  stopping.abort()
  await Promise.all(slow)
})

test('a domain full of slow names has sixteen of them asked at once, and delays nobody else', async () => {
  const names = Array.from({ length: 300 }, (_, number) => `n${number}.slow.test`)
  const zone: Zone = { 'good.test': ['127.0.0.1'] }
  for (const name of names) zone[name] = [null]
  const { look, asked } = await resolving(zone, { limitMs: longMs })
  const time = lookUpTime()
  const slow = names.map((name) => look(name).catch((error: { code: string }) => error.code))
  const slowOnes = () => new Set(asked.filter((name) => name.endsWith('slow.test')))
  await expect.poll(() => slowOnes().size).toBe(16)

  const good = await look('good.test')

  expect(good).toEqual(['127.0.0.1'])
  expect(slowOnes().size).toBe(16)
  time.isOver()
  expect(new Set(await Promise.all(slow))).toEqual(new Set(['ETIMEOUT']))
})

test('who has a domain in common with another tenant does not wait for its slow names', async () => {
  const names = Array.from({ length: 16 }, (_, number) => `n${number}.shared.test`)
  const zone: Zone = { 'good.shared.test': ['127.0.0.1'] }
  for (const name of names) zone[name] = [null]
  const { resolve, asked } = await resolving(zone, { limitMs: longMs })
  const sender = createSender({ resolve })
  onTestFinished(() => sender.close())
  const site = await receiver()
  const stopping = new AbortController()
  const send = (host: string, tenant: string) =>
    sender.send({
      url: site.url.replace('127.0.0.1', host),
      headers: {},
      body: Buffer.from('{}'),
      opened: loopback,
      tenant,
      signal: stopping.signal,
    })
  const slow = names.map((name) => send(name, 'ten_1'))
  await expect.poll(() => new Set(asked).size).toBe(16)

  const good = await send('good.shared.test', 'ten_2')

  expect(good).toMatchObject({ status: 200 })
  stopping.abort()
  await Promise.all(slow)
})

test('a name server that does not answer is a failed try like another', async () => {
  const { resolve } = await resolving({ 'slow.test': [null] }, { limitMs: 100 })
  const sender = createSender({ resolve })
  onTestFinished(() => sender.close())

  const answer = await sender.send({
    url: 'http://slow.test/hook',
    headers: {},
    body: Buffer.from('{}'),
    opened: [],
  })

  expect(answer).toEqual({ status: null, error: 'ETIMEOUT', refused: false })
})

test('however many name servers say nothing, a look-up ends in its time', async () => {
  const silent = await Promise.all([1, 2, 3].map(() => nameServer({ 'slow.test': [null] })))
  const servers = silent.flatMap((each) => each.servers)
  const { look } = await resolving({}, { servers, limitMs: longMs })
  const time = lookUpTime()

  const looked = look('slow.test')
  await expect.poll(() => silent.flatMap(({ asked }) => asked)).toHaveLength(2)
  time.isOver()

  await expect(looked).rejects.toThrow(expect.objectContaining({ code: 'ETIMEOUT' }))
})

test('all addresses of both families are looked at: one that is private makes the name a lure', async () => {
  const { resolve, look } = await resolving({
    'lure.test': ['93.184.215.14', '10.0.0.1'],
    'lure6.test': ['93.184.215.14', 'fd00:0:0:0:0:0:0:1'],
    'open.test': ['93.184.215.14', '2606:2800:21f:0:0:0:0:1'],
  })
  const check = (host: string) => checkTarget(`https://${host}/`, { opened: [] }, resolve)

  await expect(check('lure.test')).rejects.toThrow(TargetRefusedError)
  await expect(check('lure6.test')).rejects.toThrow(TargetRefusedError)
  await check('open.test')
  expect(await look('open.test')).toEqual(['93.184.215.14', '2606:2800:21f::1'])
})

test('a name that only the hosts file knows resolves; a name that DNS knows does not ask the system', async () => {
  const seen: string[] = []
  const system: Resolve = (host, done) => {
    seen.push(host)
    if (host === 'erp') done(null, [{ address: '10.1.2.3', family: 4 }])
    else done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
  }
  const zone = { 'good.test': ['8.8.8.8'], 'empty.test': [], 'broken.test': serverFailure }
  const { look } = await resolving(zone, { system })

  expect(await look('good.test')).toEqual(['8.8.8.8'])
  expect(await look('erp')).toEqual(['10.1.2.3'])
  await expect(look('broken.test')).rejects.toThrow(expect.objectContaining({ code: 'ESERVFAIL' }))
  await expect(look('empty.test')).rejects.toThrow(expect.objectContaining({ code: 'ENOTFOUND' }))

  expect(seen).toEqual(['erp', 'broken.test', 'empty.test'])
})

test('without any name server the system is asked; localhost is never asked of one', async () => {
  const system: Resolve = (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }])
  const nobody = await resolving({}, { system, servers: ['127.0.0.1:1'] })
  const somebody = await resolving({}, { system })

  expect(await nobody.look('erp.lan')).toEqual(['127.0.0.1'])
  expect(await somebody.look('localhost')).toEqual(['127.0.0.1'])
  expect(somebody.asked).toEqual([])
})

test('the system looks up two names at once, and each of them once', async () => {
  const { system, seen, underway } = slowSystem()
  const { look } = await resolving({}, { system })
  const names = ['a.lan', 'a.lan', 'b.lan', 'c.lan', 'c.lan']

  const looks = Promise.all(names.map(look))
  await expect.poll(() => seen.length).toBe(2)
  const most = [...seen]
  underway.get(seen[0]!)!()
  await expect.poll(() => seen.length).toBe(3)
  for (const end of underway.values()) end()

  expect(await looks).toHaveLength(5)
  expect(most.toSorted()).toEqual(['a.lan', 'b.lan'])
  expect(seen.toSorted()).toEqual(['a.lan', 'b.lan', 'c.lan'])

  const later = Promise.all(['d.lan', 'e.lan'].map(look))
  await expect.poll(() => seen.length).toBe(5)
  for (const end of underway.values()) end()
  await later
})

test('a domain whose names hang in the system holds up no other, and what waited too long is not looked up', async () => {
  const { system, seen, underway } = slowSystem()
  const { look } = await resolving({}, { system, limitMs: longMs })
  const time = lookUpTime()
  const names = Array.from({ length: 100 }, (_, number) => `n${number}.slow.lan`)
  const slow = names.map((name) => look(name).catch(() => 'failed'))

  const good = look('erp')
  await expect.poll(() => seen).toContain('erp')
  underway.get('erp')!()

  expect(await good).toEqual(['127.0.0.1'])
  time.isOver()
  expect(new Set(await Promise.all(slow))).toEqual(new Set(['failed']))
  for (const end of underway.values()) end()
  const next = look('other.slow.lan')
  await expect.poll(() => seen).toContain('other.slow.lan')
  underway.get('other.slow.lan')!()
  await next
  expect(seen).toHaveLength(3)
})

test('a name that hangs in the system takes one of its threads, however many tenants ask for it', async () => {
  const { system, seen, underway } = slowSystem()
  const { resolve, look } = await resolving({}, { system })
  for (const tenant of ['ten_1', 'ten_2']) resolve('erp.slow.lan', () => {}, tenant)
  await expect.poll(() => seen).toEqual(['erp.slow.lan'])

  const other = look('erp')
  await expect.poll(() => seen).toContain('erp')
  for (const end of underway.values()) end()

  expect(await other).toEqual(['127.0.0.1'])
  expect(seen).toHaveLength(2)
})

test('a look-up of the system that hangs is left behind', async () => {
  const { system } = slowSystem()
  const { look } = await resolving({}, { system, limitMs: 50 })

  await expect(look('a.lan')).rejects.toThrow(expect.objectContaining({ code: 'ETIMEOUT' }))
})

test('an address of one family counts though the other’s question is left without answer', async () => {
  const { look } = await resolving({ 'half.test': ['8.8.8.8', null] }, { limitMs: longMs })
  const time = lookUpTime()
  const answered = vi.spyOn(Resolver.prototype, 'resolve4')
  onTestFinished(() => answered.mockRestore())

  const looked = look('half.test')
  await expect.poll(() => answered.mock.settledResults).toMatchObject([{ type: 'fulfilled' }])
  time.isOver()

  expect(await looked).toEqual(['8.8.8.8'])
})
