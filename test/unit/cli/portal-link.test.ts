import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { aTenant } from '../../support/tenants.ts'
import { runCli } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'

/** A sandbox's server on a file with a site, and commands beside it. */
async function beside(env: Record<string, string> = {}) {
  const folder = testFolder()
  const config = loadConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent', ...env })
  const app = await buildApp({ config, database: join(folder, 'bank-api.sqlite') })
  onTestFinished(() => app.close())
  await aTenant(app, { name: 'acme', sites: ['erp.acme.test', 'shop.acme.test'] })
  const cli = (...args: string[]) =>
    runCli(folder, ['site', 'portal-link', ...args, '--tenant', 'acme'], env)
  return { app, cli }
}

test('an address is printed that lets one in to that site alone, in the language that is asked for', async () => {
  const { app, cli } = await beside()

  const made = await cli('erp.acme.test', '--lang', 'fr', '--json')
  const { url, until } = JSON.parse(made.out) as { url: string; until: string }
  const { pathname, search } = new URL(url)
  const entered = await app.inject({ method: 'POST', url: `${pathname}${search}` })
  const cookie = entered.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const page = await app.inject({ url: '/portal', headers: { cookie } })
  const sister = await app.inject({ url: '/portal?site=shop.acme.test', headers: { cookie } })

  expect(Date.parse(until)).toBeGreaterThan(app.clock.now() + 59 * 60_000)
  expect(page.statusCode).toBe(200)
  expect(page.body).toContain('<html lang="fr">')
  expect(page.body).toContain('erp.acme.test')
  expect(sister.statusCode).toBe(404)
})

test('no address is given out that cannot work, or for a site that is not there', async () => {
  const clear = await beside({ PUBLIC_URL: 'http://bank.example.com' })
  const local = await beside()

  expect((await clear.cli('erp.acme.test')).err).toContain('https')
  expect((await local.cli('none.acme.test')).code).toBe(1)
  expect((await local.cli('erp.acme.test')).out).toMatch(/^http.*\/portal\/enter\/por_/)
})

test('all that were given out for a site are ended, with who is in by them, and no other’s', async () => {
  const { app, cli } = await beside()
  const pathOf = ({ out }: { out: string }) =>
    new URL((JSON.parse(out) as { url: string }).url).pathname
  const enter = async (url: string) => {
    const { cookies } = await app.inject({ method: 'POST', url })
    return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  }
  const cookie = await enter(pathOf(await cli('erp.acme.test', '--json')))
  const unused = pathOf(await cli('erp.acme.test', '--json'))
  const ofSister = await enter(pathOf(await cli('shop.acme.test', '--json')))

  const ended = await cli('erp.acme.test', '--end')
  const look = async (headers: { cookie: string }) =>
    (await app.inject({ url: '/portal', headers })).statusCode

  expect(ended.out).toMatch(/^site +erp\.acme\.test\nended +2\n$/)
  expect(await look({ cookie })).toBe(401)
  expect((await app.inject({ method: 'POST', url: unused })).statusCode).toBe(404)
  expect(await look({ cookie: ofSister })).toBe(200)
})
