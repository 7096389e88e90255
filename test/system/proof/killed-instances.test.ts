import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import { inForm } from '../../support/form.ts'
import { testDatabase, withPostgres } from '../../support/postgres.ts'
import { threeInstances } from './instances/instances.ts'
import { noteInHand, settled, spotless, verdictOn, type InHand } from './instances/judge.ts'
import { theProgram } from './instances/program.ts'
import { startTraffic } from './instances/traffic.ts'

const kills = inForm(6, 1_000)

withPostgres((it, server) => {
  it('instances killed one after the other keep every promise to Bridge, to callers and to sites', async () => {
    const instances = await threeInstances(await theProgram(), await testDatabase(server))
    const inHand: InHand = new Map()
    await Promise.all(instances.all.map((one) => one.start()))
    const traffic = startTraffic(instances)

    for (let kill = 0; kill < kills; kill += 1) {
      await wait(200 + Math.random() * 800)
      const victim = instances.all[Math.floor(Math.random() * instances.all.length)]!
      const pid = victim.pid()
      await victim.kill()
      await noteInHand(instances, inHand, pid)
      await victim.start()
    }
    await traffic.end()
    await settled(instances, traffic)

    expect(traffic.accepted.length).toBeGreaterThan(kills)
    expect(await verdictOn(instances, traffic, inHand)).toEqual(spotless)
  })
})
