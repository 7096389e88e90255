import { expect, it } from 'vitest'
import { mailStopToken, readMailStopToken } from '../../../src/vault/mail-stop-token.ts'
import { testApp } from '../../support/app.ts'
import { aTenant, aUser, testBy, testKeyring } from '../../support/tenants.ts'

async function aReader() {
  const made = await testApp()
  const { app } = made
  const acme = await aTenant(app)
  const ann = await aUser(app, acme.site, { name: 'ann' })
  const url = `/unsubscribe/${mailStopToken(app.keyring, ann.id)}`
  const stoppedAt = async () => (await app.store.readMailStop(ann.id))?.stoppedAt
  const post = (query = '') => app.inject({ method: 'POST', url: url + query })
  return { ...made, acme, url, stoppedAt, post }
}

it('to look stops nothing, for mail scanners open links too; the button does, and takes it back', async () => {
  const { app, clock, url, stoppedAt, post } = await aReader()

  const shown = await app.inject({ url })
  expect(shown.body).toContain('<form method="post" action="?lang=en"><button>Stop the reminders')
  expect(shown.body).toContain('erp.acme.test')
  expect((await app.inject({ method: 'HEAD', url })).statusCode).toBe(200)
  expect(await stoppedAt()).toBeNull()

  const stopped = await post('?lang=fr')
  expect(stopped.body).toContain('Vous ne recevrez plus de rappels')
  expect(await stoppedAt()).toBe(clock.now())
  expect((await app.inject({ url })).body).toContain('You get no more reminders')

  const again = await post('?again=1&lang=en')
  expect(again.body).toContain('Stop the reminders')
  expect(await stoppedAt()).toBeNull()
})

it.each([
  ['a token of nobody', (url: string) => url.replace('usr_', 'usr_1')],
  ['another tag', (url: string) => url.replace(/.$/, (sign) => (sign === 'A' ? 'B' : 'A'))],
  ['no token', () => '/unsubscribe/x'],
])('%s leads nowhere, and stops nothing', async (_name, change) => {
  const { app, url, stoppedAt } = await aReader()

  const shown = await app.inject({ url: change(url), headers: { accept: 'text/html' } })
  const posted = await app.inject({ method: 'POST', url: change(url) })

  expect([shown.statusCode, posted.statusCode]).toEqual([404, 404])
  expect(shown.body).toContain('This link leads nowhere')
  expect(await stoppedAt()).toBeNull()
})

it('leads nowhere once its tenant is disabled', async () => {
  const { app, acme, post, stoppedAt } = await aReader()
  await app.store.setTenantDisabled(acme.tenant.id, true, testBy)

  expect((await post()).statusCode).toBe(404)

  await app.store.setTenantDisabled(acme.tenant.id, false, testBy)
  expect(await stoppedAt()).toBeNull()
})

it('a token tells its user, and no other keys make it', () => {
  const keyring = testKeyring()
  const token = mailStopToken(keyring, 'usr_a')

  expect(readMailStopToken(keyring, token)).toBe('usr_a')
  expect(readMailStopToken(keyring, token.replace('usr_a', 'usr_b'))).toBeUndefined()
})
