import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { silentMs } from '../../../src/cluster/liveness.ts'
import type { Readiness } from '../../../src/cluster/readiness.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'
import { inForm, mostMs } from '../../support/form.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { leaderOf, threeInstances, webhookSecret, type Instances } from './instances/instances.ts'
import { noteInHand, settled, spotless, verdictOn, type InHand } from './instances/judge.ts'
import { theProgram } from './instances/program.ts'
import { startTraffic } from './instances/traffic.ts'

const cuts = inForm(3, 50)

/** What `/ready` of an instance says of the database. */
async function databaseOf({ url }: { url: string }) {
  const answer = await fetch(`${url}/ready`)
  const { checks } = (await answer.json()) as Readiness
  return { status: answer.status, database: checks['database'] }
}

/** How an instance that is asked directly answers a site, and Bridge. */
async function served({ url }: { url: string }, { authorization, listeners }: Instances) {
  const method = '/api/method/frappe.auth.get_logged_user'
  const call = await fetch(`${url}${method}`, { headers: { authorization } })
  const content = { user_uuid: listeners[0]!.users[0]!.userUuid, item_id: 7 }
  const body = JSON.stringify({ type: 'TEST_EVENT', content, timestamp: Date.now() })
  const headers = { 'bridgeapi-signature': signBridgeWebhook(body, webhookSecret) }
  const event = await fetch(`${url}/webhooks/bridge`, { method: 'POST', body, headers })
  return { call: call.status, event: event.status }
}

withPostgres((it, server) => {
  it('an instance that is cut off from the database says so, serves nobody, and comes back by itself', async () => {
    const instances = await threeInstances(await theProgram(), await testDatabase(server))
    const inHand: InHand = new Map()
    await Promise.all(instances.all.map((one) => one.start()))
    const traffic = startTraffic(instances)

    for (let cut = 0; cut < cuts; cut += 1) {
      await wait(500 + Math.random() * 1_000)
      // Each third time it is the leader, and each third time nobody is told, until the others take the victim for dead.
      const leader = cut % 3 === 0 ? await leaderOf(instances) : undefined
      const victim = leader ?? instances.all[Math.floor(Math.random() * instances.all.length)]!
      const isSilent = cut % 3 === 1
      if (isSilent) victim.cable.silence()
      else victim.cable.cut()
      await noteInHand(instances, inHand, victim.pid())
      await expect
        .poll(() => databaseOf(victim), { interval: 100 })
        .toEqual({ status: 503, database: { ok: false, reason: expect.any(String) } })
      if (!isSilent) expect(await served(victim, instances)).toEqual({ call: 503, event: 503 })
      await wait(isSilent ? silentMs + 5_000 : Math.random() * 3_000)
      victim.cable.mend()
      await expect
        .poll(() => databaseOf(victim), { interval: 100, timeout: mostMs })
        .toEqual({ status: 200, database: { ok: true } })
    }
    await traffic.end()
    await settled(instances, traffic)

    expect(traffic.accepted.length).toBeGreaterThan(cuts)
    expect(instances.all.map((one) => one.isRunning())).toEqual([true, true, true])
    expect(await verdictOn(instances, traffic, inHand)).toEqual(spotless)
  })
})
