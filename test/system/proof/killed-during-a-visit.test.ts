import { expect } from 'vitest'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { logIn, pull, type Json } from '../e2e/visit.ts'
import { threeInstances, type Instances } from './instances/instances.ts'
import { settled } from './instances/judge.ts'
import { theProgram } from './instances/program.ts'
import { startTraffic } from './instances/traffic.ts'

/** Nothing goes on besides. */
const silence = { tellers: 0, callers: 0, visitors: 0, readers: 0 }

/**
 * Does a step of a visit, a request to `path`, while the instance that has it is killed: in the moment it asks Bridge for
 * `bridgePath`, or, without one, as soon as it has the request. It is started again before the next step.
 */
async function killedDuring<T>(
  { all, balancer, bridge }: Instances,
  { path, bridgePath }: { path: string; bridgePath?: string },
  step: () => Promise<T>,
): Promise<T> {
  if (bridgePath !== undefined) {
    await pull(bridge.url, 'faults', { path: bridgePath, delay: 3_000, count: 100 })
  }
  const ended = Promise.withResolvers<void>()
  const kill = async (url: string) => {
    const victim = all.find((one) => one.url === url)!
    if (bridgePath !== undefined) {
      // What was answered without Bridge, for a webhook was faster, is no reason to wait for ever.
      await Promise.race([isAskedFor(bridge.url, bridgePath), ended.promise])
      await fetch(`${bridge.url}/_sandbox/faults`, { method: 'DELETE' })
    }
    await victim.kill()
    await victim.start()
  }
  const killed = new Promise<void>((resolve, reject) => {
    balancer.onSent = (url, request) => {
      if (!request.path.startsWith(path)) return
      balancer.onSent = () => {}
      kill(url).then(resolve, reject)
    }
  })
  const [result] = await Promise.all([step().finally(ended.resolve), killed])
  return result
}

/** Resolves while Bridge has a request for this path and did not answer it yet. */
const isAskedFor = (bridge: string, path: string): Promise<void> =>
  expect
    .poll(
      async () => {
        const calls = (await (await fetch(`${bridge}/_sandbox/calls`)).json()) as Json[]
        return calls.some((call) => call.path.startsWith(path) && call.status === undefined)
      },
      { interval: 20, message: path },
    )
    .toBe(true)

withPostgres((it, server) => {
  it('a visit to a bank goes on elsewhere when the instance that has a step of it is killed, each time', async () => {
    const instances = await threeInstances(await theProgram(), await testDatabase(server))
    await Promise.all(instances.all.map((one) => one.start()))
    const traffic = startTraffic(instances, silence)
    const { balancer, authorization, listeners } = instances
    const { endpoint } = listeners[0]!
    const user = 'ada@acme.test'
    const rpc = '/api/method/bank_api.bridge.'
    const ask = async (verb: 'GET' | 'POST', method: string, args: Record<string, string>) => {
      const body = new URLSearchParams(args)
      const [query, sent] = verb === 'GET' ? [`?${body.toString()}`, {}] : ['', { body }]
      const url = `${balancer.url}${rpc}${method}${query}`
      const answer = await fetch(url, { method: verb, headers: { authorization }, ...sent })
      const text = await answer.text()
      const { message } = (text === '' ? {} : JSON.parse(text)) as { message?: Json }
      return { status: answer.status, message }
    }

    // A site that gets no answer asks again; a link that nobody follows costs nothing.
    const link = { redirect_url: 'http://busy.acme.test/app/bank', bank: 'Demo Bank', user }
    const lost = await killedDuring(
      instances,
      { path: rpc, bridgePath: '/v3/aggregation/connect-sessions' },
      () => ask('POST', 'get_bridge_connect_link', link),
    )
    expect(lost).toEqual({ status: 502, message: undefined })
    const { message: opened } = await ask('POST', 'get_bridge_connect_link', link)
    const { request } = opened

    // Bridge tells of the new item meanwhile, and the first who hears of it is killed.
    const callback = await killedDuring(instances, { path: '/webhooks/' }, () =>
      logIn(opened.url as string),
    )
    const home = await killedDuring(
      instances,
      { path: '/bridge/callback', bridgePath: '/v3/aggregation/items/' },
      () => fetch(callback, { redirect: 'manual' }),
    )
    const end = new URL(home.headers.get('location')!)
    expect(Object.fromEntries(end.searchParams)).toMatchObject({ request, success: 'true' })

    const item = await killedDuring(instances, { path: rpc }, () =>
      ask('GET', 'get_bridge_item_id', { request }),
    )
    expect(item.message).toMatchObject({ request, status: 'completed', success: true })
    const accounts = await killedDuring(
      instances,
      { path: rpc, bridgePath: '/v3/aggregation/accounts' },
      () => ask('GET', 'get_bank_accounts', { item_id: String(item.message.item_id), user }),
    )
    expect(accounts.message).toHaveLength(12)

    await settled(instances, traffic)
    const told = endpoint.posts.filter(({ type }) => type === 'connect.completed')
    expect(new Set(told.map(({ id }) => id)).size).toBe(1)
    expect(told[0]!.content).toMatchObject({ request, success: true })
  })
})
