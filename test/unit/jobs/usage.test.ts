import { expect, it } from 'vitest'
import { addItems, aUser, itemFacts } from '../../support/tenants.ts'
import { day, jobsApp } from '../../support/jobs-app.ts'

it('each connection counts for the month that is, and again once the next has begun', async () => {
  const { app, acme, clock } = await jobsApp()
  const ann = await aUser(app, acme.site, { name: 'ann' })
  const ids = Array.from({ length: 201 }, (_, index) => 7_000_000 + index)
  await addItems(app, ann, ...ids)
  const connections = async (month: string) =>
    (await app.store.listUsage(month, {})).map((one) => one.connections)

  expect(await app.jobs.countConnections()).toBe(true)
  expect(await app.jobs.countConnections()).toBe(false)
  expect(await app.jobs.countConnections()).toBe(false)
  expect(await connections('2025-03')).toEqual([201])

  clock.advance(Date.UTC(2025, 3, 1) - 1 - clock.now())
  await app.jobs.countConnections()
  expect(await connections('2025-04')).toEqual([])

  clock.advance(1)
  while (await app.jobs.countConnections());
  expect(await connections('2025-04')).toEqual([201])
  expect(await connections('2025-03')).toEqual([201])
})

it('a consent that was renewed in time is counted, in the usage and for Prometheus', async () => {
  const { app, acme, clock } = await jobsApp({ env: { METRICS_TOKEN: 'token-of-the-operator' } })
  const ann = await aUser(app, acme.site, { name: 'ann' })
  const end = clock.now() + 30 * day
  const say = (authenticationExpiresAt: number) =>
    app.store.keepItems(ann.id, [itemFacts({ id: 7, authenticationExpiresAt })], {
      at: clock.now(),
      complete: false,
    })
  const counted = async () => {
    await app.jobs.countRenewals()
    const headers = { authorization: 'Bearer token-of-the-operator' }
    const { body } = await app.inject({ url: '/metrics', headers })
    return [...body.matchAll(/^bank_api_renewals_total.* (\d+)$/gm)].map(([, n]) => n)
  }
  await say(end)
  expect(await counted()).toEqual(['0', '0'])

  await say(end + 180 * day)
  expect(await counted()).toEqual(['1', '0'])
  clock.advance(211 * day)
  await say(end + 400 * day)
  expect(await counted()).toEqual(['1', '1'])

  const used = await app.store.listUsage('2025-03', {})
  expect(used).toMatchObject([{ site: acme.site.name, renewals: 1 }])
})
