import { expect, it } from 'vitest'
import { aConnectedBank } from '../../support/app.ts'
import { itemFacts } from '../../support/tenants.ts'
import { day, jobsApp, refreshed, toldTo } from '../../support/jobs-app.ts'

async function connected() {
  const made = await jobsApp()
  const bank = await aConnectedBank(made, made.acme.site, { user: 'ann' })
  const tell = async (status: number) => {
    await refreshed(made, bank, status)
    for (let count = 0; count < 2; count += 1) await made.app.jobs.tell()
  }
  const told = (type: string) => toldTo(made.app, made.acme, [type])
  return { ...made, bank, tell, told }
}

it('a connection that needed attention and works again is told as repaired, once', async () => {
  const { bank, tell, told, clock } = await connected()
  await tell(0)
  expect(await told('item.repaired')).toEqual([])

  for (const status of [1010, -2, 0]) await tell(status)
  const at = clock.now()
  await tell(0)

  expect(await told('item.repaired')).toEqual([
    {
      type: 'item.repaired',
      content: { item_id: bank.itemId, bank: null, site: 'erp.acme.test', user: 'ann', status: 0 },
      timestamp: at,
    },
  ])
  await tell(402)
  await tell(0)
  expect(await told('item.repaired')).toHaveLength(2)
})

it('one whose site was asked before that was noted is told too', async () => {
  const { app, bank, tell, told, clock } = await connected()
  const facts = itemFacts({ id: bank.itemId, status: 1010 })
  await app.store.keepItems(bank.user.id, [facts], { at: clock.now(), complete: false })
  await app.store.noteItem(bank.itemId, { seen: {}, change: { toldStatus: 1010 } })

  await tell(0)

  expect(await told('item.repaired')).toHaveLength(1)
})

it('a connection that is not refreshed any more is told as stale, once until it is again', async () => {
  const { app, bank, tell, told, clock } = await connected()
  await tell(0)
  const success = clock.now()
  clock.advance(day)
  await app.jobs.tell()
  expect(await told('item.stale')).toEqual([])

  clock.advance(day)
  await app.jobs.tell()
  const at = clock.now()
  clock.advance(9 * day)
  await app.jobs.tell()

  expect(await told('item.stale')).toEqual([
    {
      type: 'item.stale',
      content: {
        item_id: bank.itemId,
        bank: null,
        site: 'erp.acme.test',
        user: 'ann',
        data_as_of: new Date(success).toISOString(),
        expected_at: new Date(success + day).toISOString(),
      },
      timestamp: at,
    },
  ])
  await tell(0)
  clock.advance(20 * day)
  await app.jobs.tell()
  expect(await told('item.stale')).toHaveLength(2)
})
