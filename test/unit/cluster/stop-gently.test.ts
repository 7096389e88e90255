import { expect, it } from 'vitest'
import { stopGently } from '../../../src/cluster/stop.ts'
import { testApp } from '../../support/app.ts'

it('the last line of a stop says that it is done, and how long it took', async () => {
  const { app, log } = await testApp()

  await stopGently(app, { delayMs: 0, timeoutMs: 60_000 })

  const last = JSON.parse(log.at(-1)!) as object
  expect(last).toMatchObject({ msg: 'stopped', level: 30, ms: expect.any(Number) as number })
})

it('a stop that is not in time says how many connections it cut', async () => {
  const { app, log } = await testApp()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  app.addHook('onClose', () => ended)

  const isInTime = await stopGently(app, { delayMs: 0, timeoutMs: 1 })
  const last = JSON.parse(log.at(-1)!) as object
  end()

  expect(isInTime).toBe(false)
  expect(last).toMatchObject({ msg: 'stopped before all requests had ended', connections: 0 })
})
