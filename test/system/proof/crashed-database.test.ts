import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { inForm } from '../../support/form.ts'
import { startPostgres, templateDatabase } from '../../support/postgres-server.ts'
import { withPostgres } from '../../support/postgres.ts'
import { threeInstances } from './instances/instances.ts'
import { noteInHand, settled, spotless, verdictOn, type InHand } from './instances/judge.ts'
import { theProgram } from './instances/program.ts'
import { startTraffic } from './instances/traffic.ts'

const crashes = inForm(3, 50)

withPostgres((it) => {
  it('a PostgreSQL that crashes and comes back costs no event, no order and no visit', async () => {
    const postgres = await startPostgres()
    onTestFinished(() => postgres.stop())
    const instances = await threeInstances(
      await theProgram(),
      `${postgres.url}/${templateDatabase}`,
    )
    const inHand: InHand = new Map()
    await Promise.all(instances.all.map((one) => one.start()))
    const traffic = startTraffic(instances)

    for (let crash = 0; crash < crashes; crash += 1) {
      await wait(1_000 + Math.random() * 1_000)
      await postgres.crash()
      await wait(Math.random() * 2_000)
      await postgres.restart()
      await noteInHand(instances, inHand)
    }
    await traffic.end()
    await settled(instances, traffic)

    expect(traffic.accepted.length).toBeGreaterThan(crashes)
    expect(instances.all.map((one) => one.isRunning())).toEqual([true, true, true])
    expect(await verdictOn(instances, traffic, inHand)).toEqual(spotless)
  })
})
