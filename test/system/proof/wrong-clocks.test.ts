import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { later } from '../../support/gateway.ts'
import { inForm } from '../../support/form.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { threeInstances } from './instances/instances.ts'
import { noteInHand, settled, spotless, verdictOn, type InHand } from './instances/judge.ts'
import { theProgram } from './instances/program.ts'
import { startTraffic } from './instances/traffic.ts'

const tenMinutes = 600_000

withPostgres((it, server) => {
  it('instances whose clocks are ten minutes ahead and behind work with the others as if they were right', async () => {
    const ahead = [tenMinutes, -tenMinutes, 0]
    const instances = await threeInstances(await theProgram(), await testDatabase(server), {
      envOf: (index) => later(ahead[index]!),
    })
    const inHand: InHand = new Map()
    await Promise.all(instances.all.map((one) => one.start()))
    const traffic = startTraffic(instances)

    for (let life = 0; life < inForm(1, 30); life += 1) {
      await wait(3_000)
      // Whoever has its work next has another clock.
      for (const victim of instances.all) {
        const pid = victim.pid()
        await victim.kill()
        await noteInHand(instances, inHand, pid)
        await victim.start()
      }
    }
    await wait(2_000)
    await traffic.end()
    await settled(instances, traffic)

    expect(traffic.accepted.length).toBeGreaterThan(100)
    expect(await verdictOn(instances, traffic, inHand)).toEqual(spotless)
  })
})
