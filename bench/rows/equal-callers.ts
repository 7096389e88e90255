import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import { call, openGateway, type Gateway } from '../gateway.ts'
import { forgetPeak, peakMb, residentMb, startProgram, type Running } from '../processes.ts'
import type { Bench } from '../settings.ts'
import { atMost, compare, timesOf, type Figures } from '../side-by-side.ts'

const callers = 300
const deafCallers = 60
const pages = 39

/**
 * Many callers at once who ask for the same 19,500 transactions, beside one: what the server holds at most, what it holds for
 * those who never read, and how another tenant is served meanwhile.
 */
export const equalCallers: Bench = async (settings) => {
  const bridge = await startProgram('bridge', { args: ['40', String(pages)] })
  const program = await startProgram('readers')
  const seen: Record<'body' | 'first' | 'one' | 'many' | 'deaf', Figures[]> = {
    body: [],
    first: [],
    one: [],
    many: [],
    deaf: [],
  }
  for (let round = 0; round < settings.rounds; round += 1) {
    const gateway = await openGateway({ ...settings, bridge: bridge.url }, settings.small)
    seen.first.push(await during(gateway, () => readers(program, gateway, 1)))
    for (let call = 0; call < 5; call += 1) await readers(program, gateway, 1)
    const one = await during(gateway, () => readers(program, gateway, 1))
    const many = await during(gateway, () => readers(program, gateway, callers))
    seen.one.push(one)
    seen.many.push(many)
    seen.body.push({ 'peak MB': one.body, 'held MB': one.body })
    seen.deaf.push(await heldForTheDeaf(gateway))
    await gateway.stop()
  }
  await program.stop()
  await bridge.stop()

  const bench = `${callers} equal callers of 19,500 transactions`
  const peak = { figure: 'peak MB', how: 'difference', aim: atMost(64) } as const
  const own = { figure: 'peak MB', aim: atMost(1.5) } as const
  return [
    compare({ bench: `${bench}, above one`, ...peak }, seen.many, seen.one),
    compare({ bench: '19,500 transactions, a first call', ...own }, seen.first, seen.body),
    compare({ bench: '19,500 transactions, a later call', ...own }, seen.one, seen.body),
    compare(
      { bench: `${deafCallers} callers who never read, beside one answer`, figure: 'held MB' },
      seen.deaf,
      seen.body,
    ),
    ...['p50 ms', 'p99 ms', 'longest ms'].map((figure) =>
      compare({ bench: `another tenant during ${bench}`, figure }, seen.many, seen.one),
    ),
  ]
}

/** How much more than before the server holds at most, and how long another tenant's calls take, while something is done. */
async function during(
  gateway: Gateway,
  work: () => Promise<number>,
): Promise<Figures & { body: number }> {
  await wait(500)
  const before = residentMb(gateway.pid)
  forgetPeak(gateway.pid)
  const done = new AbortController()
  const others = anotherTenant(gateway, done.signal)
  const body = await work()
  done.abort()
  const took = await others
  const peak = peakMb(gateway.pid) - before
  return { 'peak MB': peak, body, ...timesOf(took), 'longest ms': Math.max(...took) }
}

/** So many callers at once, each reading its answer to the end; resolves with the size of one in megabytes. */
async function readers(
  program: Running,
  { url, clients }: Gateway,
  count: number,
): Promise<number> {
  const { path, headers } = call(clients[0]!, 'get_bank_transactions', { user: clients[0]!.user })
  const query = new URLSearchParams({ count: String(count), url: `${url}${path}` })
  const answer = await fetch(`${program.url}/?${query.toString()}`, { headers: headers ?? {} })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return Number(text) / 2 ** 20
}

/** Calls that need no Bridge, one after the other, until told to end; how long each took, in milliseconds. */
async function anotherTenant({ url, clients }: Gateway, end: AbortSignal): Promise<number[]> {
  const { path, headers } = call(clients.at(-1)!, 'get_category', {})
  const took: number[] = []
  while (!end.aborted) {
    const start = performance.now()
    const { statusCode, body } = await request(`${url}${path}`, headers ? { headers } : {})
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`)
    await body.dump()
    took.push(performance.now() - start)
  }
  return took
}

/** What the server holds more than before while callers have been sent what the system takes of their answers, and read nothing. */
async function heldForTheDeaf({ url, pid, clients }: Gateway): Promise<Figures> {
  const { path, headers } = call(clients[0]!, 'get_bank_transactions', { user: clients[0]!.user })
  const { hostname, port } = new URL(url)
  await wait(500)
  const before = residentMb(pid)
  const sockets: Socket[] = []
  for (let count = 0; count < deafCallers; count += 1) {
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    await once(socket, 'connect')
    const lines = Object.entries({ host: 'bank', ...headers }).map(([k, v]) => `${k}: ${v}`)
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  }
  await Promise.all(sockets.map((socket) => once(socket, 'readable')))
  await wait(2_000)
  const held = residentMb(pid) - before
  for (const socket of sockets) socket.destroy()
  return { 'held MB': held }
}
