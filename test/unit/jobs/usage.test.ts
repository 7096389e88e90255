import { expect, it } from 'vitest'
import { addItems } from '../../support/tenants.ts'
import { aUser } from '../../support/tenants.ts'
import { jobsApp } from '../../support/jobs-app.ts'

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
