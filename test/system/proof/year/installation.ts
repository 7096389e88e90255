import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { createApiKey } from '../../../../src/auth/api-keys.ts'
import { ensureSite } from '../../../../src/auth/sites.ts'
import type { MovableClock } from '../../../../src/clock.ts'
import { asOperator, newWebhookSecret, type Pair } from '../../../support/operator.ts'
import { dataDirectory, type Env } from '../../../support/gateway.ts'
import { freePort } from '../../../support/free-port.ts'
import { mailServer } from '../../../support/mail-server.ts'
import { openBank } from './bank.ts'
import { createChance } from './chance.ts'
import { createGateway } from './gateway.ts'
import { createSite, type Manners, type Site } from './site.ts'

const bridgeSecret = 'secret-of-the-webhooks'

/** A gateway that is yet to start, its Bridge, a mail server, and sites with these manners, all by one clock. */
export async function yearOf(all: readonly Manners[], clock: MovableClock) {
  const url = `http://127.0.0.1:${await freePort()}`
  const bank = await openBank(clock, {
    url: () => `${url}/webhooks/bridge`,
    secrets: () => [bridgeSecret],
  })
  const mails = await mailServer()
  const env: Env = {
    ...dataDirectory(onTestFinished),
    PORT: new URL(url).port,
    PUBLIC_URL: url,
    LOG_LEVEL: 'silent',
    ALLOW_HTTP: 'true',
    ALLOWED_TARGETS: '127.0.0.0/8',
    BACKUP_HOURS: '0',
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    BRIDGE_BASE_URL: bank.origin,
    BRIDGE_WEBHOOK_SECRETS: bridgeSecret,
    // All sites ask at one moment of a clock that stands: Bridge's quota is another proof's.
    QUOTA_BURST: '1000000',
    QUOTA_PER_SECOND: '1000',
    QUOTA_USER_PER_MINUTE: '1000000',
    MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
    SMTP_URL: mails.url,
    MAIL_FROM: 'bank-api@gateway.test',
  }
  const names = all.map((_, index) => `erp${index}.test`)
  const keys = await asOperator(env, async (rooms) => {
    const { store, ids, by } = rooms
    const tenant = await store.createTenant({ id: ids.next('ten'), name: 'acme' }, by)
    const made: Pair[] = []
    for (const [index, name] of names.entries()) {
      const site = await ensureSite(rooms, { tenantId: tenant.id, name }, by)
      await store.allowTargets(site.id, ['127.0.0.0/8'], by)
      const { renews } = all[index]!
      const isMailed = typeof renews === 'object' && renews.by === 'mail'
      if (isMailed) await store.updateSite(site.id, { remindBy: 'mail' }, by)
      const { apiKey, apiSecret } = await createApiKey(rooms, { tenant, site }, by)
      made.push({ api_key: apiKey, api_secret: apiSecret })
    }
    return made
  })

  const state = { day: 0 }
  const receiving = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const site = sites.find(({ name }) => name === request.headers['x-bank-api-site'])
      if (!site || site.isAway(state.day)) request.socket.destroy()
      else
        void take(site, request.headers, chunks).then((status) => response.writeHead(status).end())
    })
  })
  const take = (site: Site, headers: object, chunks: Buffer[]): Promise<number> =>
    site.receive(headers, Buffer.concat(chunks).toString())
  await new Promise<void>((resolve) => {
    receiving.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    receiving.closeAllConnections()
    receiving.close()
  })
  const origin = `http://127.0.0.1:${(receiving.address() as AddressInfo).port}`

  const sites = await Promise.all(
    names.map(async (name, index) =>
      createSite({
        name,
        manners: all[index]!,
        gatewayUrl: url,
        origin,
        key: keys[index]!,
        webhookSecret: await newWebhookSecret(env, name),
        bank,
        mails: mails.came,
        clock,
        chance: createChance(1_000 + index),
      }),
    ),
  )
  return { gateway: createGateway(env, clock), bank, mails, sites, state }
}
