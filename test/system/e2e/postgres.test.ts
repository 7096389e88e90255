import { expect, onTestFinished, vi } from 'vitest'
import { layCable } from '../../support/cable.ts'
import { dataDirectory, runCli, runServer, startGateway, type Env } from '../../support/gateway.ts'
import { emptyDatabase, withPostgres } from '../../support/postgres.ts'
import { demoKey, siteClient, visitBank } from './visit.ts'

withPostgres((test, server) => {
  /** The server asks for no password; one stands in the URL all the same, to be looked for in what is said. */
  const onServer = async (): Promise<Env> => ({
    ...dataDirectory(onTestFinished),
    LOG_LEVEL: 'trace',
    DATABASE_URL: (await emptyDatabase(server)).replace('postgres@', 'postgres:hunter2@'),
  })

  test('a newcomer’s server keeps everything on PostgreSQL, takes commands beside it, stops gently and goes on', async () => {
    const gateway = await startGateway(await onServer(), onTestFinished)
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
    expect((await runCli(gateway.env, 'item', 'list', '--json')).stdout).toContain(`${item_id}`)
    expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' })

    const again = await startGateway(gateway.env, onTestFinished)
    expect(
      await siteClient(again.url, demoKey(gateway.stdout()))('get_bank_accounts', { item_id }),
    ).toHaveLength(12)
    expect(await again.end('SIGTERM')).toMatchObject({ code: 0 })
  })

  test('an instance that lost the database says so, refuses what needs it, and heals when it is back', async () => {
    const env = await onServer()
    const direct = new URL(env['DATABASE_URL']!)
    const cable = await layCable(Number(direct.port))
    direct.port = String(cable.port)
    const gateway = await startGateway({ ...env, DATABASE_URL: direct.href }, onTestFinished)
    const ask = siteClient(gateway.url, demoKey(gateway.stdout()))
    const ready = async () => {
      const answer = await fetch(`${gateway.url}/ready`)
      const { checks } = (await answer.json()) as { checks: object }
      return { status: answer.status, checks }
    }
    const until = (work: () => Promise<void>) => vi.waitFor(work, { timeout: 60_000 })
    expect(await ready()).toMatchObject({ status: 200, checks: { database: { ok: true } } })
    expect(Object.keys((await ready()).checks)).not.toContain('disk')

    cable.cut()
    await until(async () =>
      expect(await ready()).toMatchObject({
        status: 503,
        checks: { database: { ok: false, reason: 'the database is away' } },
      }),
    )
    const { checks: live } = await ready()
    await expect(ask('ping')).rejects.toMatchObject({ httpStatus: 503 })
    cable.mend()

    await until(async () => expect(await ready()).toMatchObject({ status: 200 }))
    expect(live).toHaveProperty('server.ok', true)
    expect(gateway.stdout()).toContain('The database is away')
    expect(gateway.stdout()).not.toContain('hunter2')
    await expect(ask('get_category')).resolves.not.toHaveLength(0)
  })

  test('a second server with a Bridge in its box is refused, and the first goes on', async () => {
    const first = await startGateway(await onServer(), onTestFinished)

    const second = await runServer({ ...first.env, PORT: '0' }, onTestFinished)

    expect(second).toMatchObject({ code: 1 })
    expect(second.stderr).toContain('npm run sandbox')
    expect((await fetch(`${first.url}/ready`)).status).toBe(200)
  })

  test('one line and exit code 1 tell of a database that cannot be had', async () => {
    const env = await onServer()
    const url = (port: number) => `postgres://bank:hunter2@127.0.0.1:${port}/bank`

    const ended = await runServer({ ...env, DATABASE_URL: url(1) }, onTestFinished)
    const command = await runCli({ ...env, DATABASE_URL: url(1) }, 'tenant', 'list')

    const lineAlone = expect.stringMatching(
      /^The database at 127\.0\.0\.1, port 1, cannot be reached: ECONNREFUSED\. See [^\n]+\n$/,
    ) as unknown
    expect({ ...ended, stdout: '' }).toMatchObject({ code: 1, stderr: lineAlone })
    expect(ended.stdout).not.toContain('hunter2')
    expect(command).toMatchObject({ code: 1, stderr: lineAlone })
  })
})
