import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Call } from '../../../src/sandbox/calls.ts'
import { inForm } from '../../support/form.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { aTenant } from '../../support/tenants.ts'
import { logIn, pull, type Json } from '../e2e/visit.ts'
import { threeInstances, type Instances } from './instances/instances.ts'
import { theProgram } from './instances/program.ts'

const burst = 400
const perSecond = 5
const userPerMinute = 60

/** How long all instances are asked for more than Bridge grants, and how often one of them is killed meanwhile. */
const loadMs = inForm(12_000, 6 * 60_000)
const kills = inForm(1, 30)

/** What a killed instance had borrowed is lent again a while later, which in the short form may be after its end. */
const usedAtLeast = inForm(0.8, 0.9)

/** A bank that a tenant's user connected. */
interface Connected {
  authorization: string
  user: string
  itemId: number
}

async function call(
  url: string,
  name: string,
  { authorization }: Pick<Connected, 'authorization'>,
  args: object,
) {
  const answer = await fetch(`${url}/api/method/bank_api.bridge.${name}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(args),
  })
  return { status: answer.status, body: (await answer.json()) as Json }
}

/** So many users of each of two tenants, for one alone may take no more than half of the burst. */
async function connect({ all, rooms }: Instances, usersOfEach: number): Promise<Connected[]> {
  const connected: Connected[] = []
  for (const name of ['one', 'two']) {
    const site = `erp.${name}.test`
    const { siteKey } = await aTenant(rooms, { name, sites: [site] })
    for (let nth = 0; nth < usersOfEach; nth += 1) {
      const user = `user${nth}@${site}`
      const order = { redirect_url: `http://${site}/app/bank`, bank: 'Demo Bank', user }
      const link = await call(all[0]!.url, 'get_bridge_connect_link', siteKey, order)
      const { url, request } = link.body.message as { url: string; request: string }
      await fetch(await logIn(url), { redirect: 'manual' })
      const done = await call(all[0]!.url, 'get_bridge_item_id', siteKey, { request, user })
      connected.push({ ...siteKey, user, itemId: done.body.message.item_id as number })
    }
  }
  return connected
}

/** Asks an instance for a bank's accounts again and again, whatever it answers. */
async function ask(url: () => string, bank: Connected, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const args = { item_id: bank.itemId, user: bank.user }
    const end = await call(url(), 'get_bank_accounts', bank, args).catch(() => ({ status: 0 }))
    if (end.status !== 200) await wait(300)
  }
}

/** Asks until the quota is spent. */
async function exhaust(url: string, bank: Connected): Promise<void> {
  const args = { item_id: bank.itemId, user: bank.user }
  while ((await call(url, 'get_bank_accounts', bank, args)).status === 200);
}

const callsAt = async ({ bridge }: Instances): Promise<Call[]> =>
  (await (await fetch(`${bridge.url}/_sandbox/calls`)).json()) as Call[]

/** What is left of the quota, as any instance would learn it. */
const left = async ({ store, rooms }: Instances): Promise<number> => {
  const limits = { burst, perSecond, userPerMinute, tokensPerMinute: 10 }
  const nothing = { wants: [], unused: [], holds: [] }
  const ask = { by: 'test', at: rooms.clock.now(), limits, ...nothing }
  return (await store.quota!.lendQuota(ask)).available
}

withPostgres((it, server) => {
  it('instances that are killed and join while all are asked for more than Bridge grants never exceed it, and use nearly all of it', async () => {
    const url = await testDatabase(server)
    const instances = await threeInstances(await theProgram(), url, { count: 4, userPerMinute })
    const [victim, second, third, fourth] = instances.all
    await Promise.all([victim, second, third].map((one) => one!.start()))
    await pull(instances.bridge.url, 'quotas', { on: true })
    const banks = await connect(instances, 6)

    // One user's minute, of three instances at once.
    const [hot, ...others] = banks
    await Promise.all([victim, second, third].map((one) => exhaust(one!.url, hot!)))
    const ofHot = (await callsAt(instances)).filter(({ query }) =>
      query.includes(`=${hot!.itemId}`),
    )
    expect(ofHot.length).toBeGreaterThanOrEqual(0.9 * userPerMinute)

    const ending = new AbortController()
    const living = () => instances.all.filter((one) => one.isRunning())
    const before = await left(instances)
    const startedAt = Date.now()
    const asking = instances.all.flatMap((own, nth) =>
      others.map((bank, index) => {
        // Of an instance that is not there another one is asked.
        const address = () =>
          (own.isRunning() ? own : living()[(nth + index) % living().length]!).url
        return ask(address, bank, ending.signal)
      }),
    )
    for (let kill = 0; kill < kills; kill += 1) {
      await wait(loadMs / 4 / kills)
      await victim!.kill()
      if (kill === 0) await fourth!.start()
      await wait(loadMs / 2 / kills)
      await victim!.start()
    }
    await wait(Math.max(0, startedAt + loadMs - Date.now()))
    ending.abort()
    const endedAt = Date.now()
    await Promise.all(asking)

    const calls = await callsAt(instances)
    const inTime = calls.filter(({ at }) => at >= startedAt && at <= endedAt)
    const allowed = before + ((endedAt - startedAt) / 1_000) * perSecond
    expect(calls.filter(({ status }) => status === 429)).toEqual([])
    expect(inTime.length).toBeLessThanOrEqual(allowed + 2 * perSecond)
    expect(inTime.length).toBeGreaterThanOrEqual(usedAtLeast * allowed)
  })
})
