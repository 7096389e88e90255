import { expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { createLeader } from '../../../src/cluster/leader.ts'
import { testEnvironment } from '../../support/app.ts'
import { bridgeDouble } from '../../support/bridge.ts'
import { testFolder } from '../../support/store.ts'

test('a server that stops while it copies has given its webhooks back before it waits for the copy', async () => {
  const app = await buildApp({
    config: loadConfig({ ...testEnvironment, DATA_DIR: testFolder() }),
    workers: true,
    leader: createLeader(() => false),
    dispatcher: bridgeDouble({ handlers: [] }).dispatcher,
    logger: false,
  })
  onTestFinished(() => app.close())

  // What is registered last is closed first.
  const order = Array.from(app.printPlugins().matchAll(/ (backup|webhooks) /g), ([, name]) => name)
  expect(order).toEqual(['backup', 'webhooks'])
})
