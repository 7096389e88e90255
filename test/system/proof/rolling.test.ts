import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { inForm } from '../../support/form.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { threeInstances, type Instances } from './instances/instances.ts'
import { settled, spotless, verdictOn, type InHand } from './instances/judge.ts'
import {
  oneMigrationLater,
  theFirstProgram,
  theProgram,
  type Program,
} from './instances/program.ts'
import { startTraffic, type Traffic } from './instances/traffic.ts'

/** No accident happens, so nothing may come twice. */
const nothing: InHand = new Map()

/** Stops each instance as an operator does, and starts it with this program, or its own, before the next one's turn. */
async function roll({ all }: Instances, program?: Program): Promise<void> {
  for (const one of all) {
    await wait(500)
    const code = await one.stop()
    if (code !== 0) throw new Error(`An instance ended with ${code} instead of 0:\n${one.log()}`)
    await one.start(program)
  }
}

/** No call failed, none had to be sent again, and each item was refreshed the four times of a day. */
function expectNobodyNoticed({ balancer }: Instances, traffic: Traffic): void {
  const { answers, answersToBridge, visits, refreshed } = traffic
  // A link and a call, the way home, and the two refreshes that are too many.
  expect(new Set(answers.keys())).toEqual(new Set([200, 302, 429]))
  expect(answers.get(302)).toBe(visits.length)
  expect(answers.get(429)).toBe(2 * visits.length)
  expect([...refreshed.values()]).toEqual(visits.map(() => 4))
  expect(new Set(answersToBridge.keys())).toEqual(new Set([200]))
  expect(balancer.broken()).toBe(0)
}

withPostgres((it, server) => {
  it('a version that expands the schema is rolled out beside the first on PostgreSQL, restarted, and rolled back, and nobody notices', async () => {
    const before = theFirstProgram()
    const after = await oneMigrationLater(await theProgram(), [
      'ALTER TABLE "events" ADD COLUMN "expanded" text',
      'ALTER TABLE "deliveries" ADD COLUMN "expanded" bigint DEFAULT 0 NOT NULL',
      'CREATE TABLE "expanded" ("id" text PRIMARY KEY, "event_seq" bigint REFERENCES "events" ("seq"))',
    ])
    const instances = await threeInstances(before, await testDatabase(server), {
      envOf: () => ({ STOP_DELAY: '5' }), // longer than the balancer's slowest look
    })
    await Promise.all(instances.all.map((one) => one.start()))
    const traffic = startTraffic(instances)

    await roll(instances, after)
    for (let round = 0; round < inForm(0, 50); round += 1) await roll(instances)
    await roll(instances, before)
    await traffic.end()
    await settled(instances, traffic)

    const { rowCount } = await instances.pool.query('SELECT expanded FROM deliveries LIMIT 1')
    expect(rowCount).toBe(1)
    expectNobodyNoticed(instances, traffic)
    expect(await verdictOn(instances, traffic, nothing)).toEqual(spotless)
  })
})
