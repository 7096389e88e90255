import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'

/** A sandbox's server on a file, and commands beside it. */
async function beside(env: Record<string, string> = {}) {
  const folder = testFolder()
  const config = loadConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent', ...env })
  const app = await buildApp({ config, database: join(folder, 'bank-api.sqlite') })
  onTestFinished(() => app.close())
  return { app, cli: (...args: string[]) => runCli(folder, ['console', ...args], env) }
}

test('login prints an address that lets one in under the name; sessions lists and ends it', async () => {
  const { app, cli } = await beside()

  const login = await cli('login', '--as', 'Zoé', '--json')
  const { url, session } = JSON.parse(login.out) as { url: string; session: string }
  const before = await cli('sessions')
  const entered = await app.inject({ method: 'POST', url: new URL(url).pathname })
  const cookie = `${entered.cookies[0]!.name}=${entered.cookies[0]!.value}`
  const listed = JSON.parse((await cli('sessions', '--json')).out)
  const ended = await cli('sessions', '--end', session.slice(0, 20), '--json')

  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:8080\/console\/login\/ses_/)
  expect(before.out).toMatch(/Zoé +not entered yet/)
  expect(listed).toMatchObject([{ session, as: 'Zoé', entered: expect.any(String) }])
  expect(JSON.parse(ended.out)).toEqual({ session, as: 'Zoé', ended: true })
  expect((await app.inject({ url: '/console', headers: { cookie } })).statusCode).toBe(401)
  expect((await cli('sessions', '--end', session)).err).toContain(`There is no session ${session}`)
})

test('no address is given out that cannot work', async () => {
  const off = await beside({ CONSOLE: 'false' })
  const clear = await beside({ PUBLIC_URL: 'http://bank.example.com' })
  const local = await beside({ PUBLIC_URL: 'http://localhost:9000' })

  expect((await off.cli('login')).err).toContain('CONSOLE=true')
  expect((await clear.cli('login')).err).toContain('https')
  expect((await local.cli('login')).code).toBe(0)
})

test.each(['', ' anne', 'a\u200Bb', 'x'.repeat(61)])('%j is no name to act under', async (name) => {
  const { cli } = await beside()

  const { code, out } = await cli('login', '--as', name)

  expect([code, out]).toEqual([2, ''])
})
