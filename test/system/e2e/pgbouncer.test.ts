import { expect, onTestFinished } from 'vitest'
import { dataDirectory, startGateway } from '../../support/gateway.ts'
import { startPgBouncer, withPgBouncer } from '../../support/pgbouncer.ts'
import { emptyDatabase } from '../../support/postgres.ts'
import { demoKey, siteClient, visitBank } from './visit.ts'

withPgBouncer((test, server) => {
  test('a server behind PgBouncer makes its tables, connects a bank and stops gently', async () => {
    const { pathname } = new URL(await emptyDatabase(server))
    const env = {
      ...dataDirectory(onTestFinished),
      DATABASE_URL: `${await startPgBouncer(server)}${pathname}`,
    }
    const gateway = await startGateway(env, onTestFinished)
    const ask = siteClient(gateway.url, demoKey(gateway.stdout()))
    const link = await ask('get_bridge_connect_link', {
      redirect_url: '/app/bank',
      base_url: 'http://erp.example.test',
      user: 'me@example.com',
    })
    const home = await visitBank(link.url)
    const item_id = Number(home.searchParams.get('item_id'))

    expect(home.searchParams.get('success')).toBe('true')
    expect(await ask('get_bank_accounts', { item_id })).toHaveLength(12)
    expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' })
  })
})
