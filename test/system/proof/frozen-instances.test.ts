import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { leaseMs, settlingMs } from '../../../src/db/rules/delivery-claims.ts'
import { inForm } from '../../support/form.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { busiestOf, threeInstances } from './instances/instances.ts'
import { noteInHand, settled, spotless, verdictOn, type InHand } from './instances/judge.ts'
import { theProgram } from './instances/program.ts'
import { startTraffic } from './instances/traffic.ts'

const freezes = inForm(1, 100)

/** Until others have taken for dead who says nothing, and what it had in hand; now and then until its leases are over, too. */
const longEnoughMs = (freeze: number) =>
  freeze % 10 === 9 ? 120_000 : leaseMs - settlingMs + 5_000

withPostgres((it, server) => {
  it('an instance that hangs until the others have taken its work ends none of it when it wakes up', async () => {
    const instances = await threeInstances(await theProgram(), await testDatabase(server))
    const inHand: InHand = new Map()
    await Promise.all(instances.all.map((one) => one.start()))
    const traffic = startTraffic(instances)

    for (let freeze = 0; freeze < freezes; freeze += 1) {
      await wait(500 + Math.random() * 1_000)
      const victim = (await busiestOf(instances)) ?? instances.all[0]!
      victim.freeze()
      await noteInHand(instances, inHand, victim.pid())
      await wait(longEnoughMs(freeze))
      victim.thaw()
    }
    await traffic.end()
    await settled(instances, traffic)

    expect(traffic.accepted.length).toBeGreaterThan(freezes)
    expect(instances.all.map((one) => one.isRunning())).toEqual([true, true, true])
    expect(await verdictOn(instances, traffic, inHand)).toEqual(spotless)
  })
})
