import { expect, it } from 'vitest'
import { findDemo, createDemo } from '../../../src/demo/demo-key.ts'
import { ensureSite } from '../../../src/auth/sites.ts'
import { callMethod } from '../../support/app.ts'
import { sandboxed } from '../../support/sandboxed.ts'
import { aKey } from '../../support/tenants.ts'

const origin = 'http://bank-api.test'
const page = { accept: 'text/html' }

/** A sandbox with its demo, and requests that ended with a bank at others' sites. */
async function aSandbox() {
  const made = await sandboxed()
  const { app, acme } = made
  await createDemo(app, origin)
  const { tenant } = (await findDemo(app))!.caller
  const by = { actor: 'test', at: app.clock.now() }
  const sister = await ensureSite(app, { tenantId: tenant.id, name: 'sister' }, by)

  /** Connects a bank by this key's link; gives its request. */
  async function connect(as: { authorization: string }, redirectUrl: string): Promise<string> {
    const order = { redirect_url: redirectUrl, user: 'ann@acme.test', bank: 'Demo Bank' }
    const { message } = await callMethod(app, 'get_bridge_connect_link', order, { as })
    const body = new URLSearchParams({ login: 'success', password: 'any' })
    const done = await fetch(message.url, { method: 'POST', redirect: 'manual', body })
    const back = new URL(done.headers.get('location')!)
    await app.inject({ url: `${back.pathname}${back.search}` })
    return message.request as string
  }
  const victims = {
    'another tenant’s': await connect(acme.siteKey, 'http://erp.acme.test/app/bank'),
    'a sister site’s': await connect(await aKey(app, tenant, sister), 'http://sister.test/app'),
  }
  const own = await (async () => {
    const { key } = (await findDemo(app))!
    return connect({ authorization: `token ${key.apiKey}:${key.apiSecret}` }, `${origin}/demo`)
  })()
  return { ...made, victims, own }
}

it('the page where a walk ends shows others’ requests as nobody’s, to the byte and with the same work', async () => {
  const { app, lever, victims, own } = await aSandbox()
  const asked: string[] = []
  const operations = app.store as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const [name, operation] of Object.entries(operations)) {
    if (name === 'close') continue
    operations[name] = (...args) => {
      if (name !== 'addCalls') asked.push(name)
      return operation(...args)
    }
  }
  const look = async (request: string) => {
    asked.length = 0
    await lever('DELETE', 'calls')
    const { statusCode, body } = await app.inject({
      url: `/demo?request=${request}`,
      headers: page,
    })
    const told = { statusCode, body: body.replaceAll(request, '…'), asked: [...asked] }
    return { ...told, bridge: await lever('GET', 'calls') }
  }

  const nobodys = await look('a'.repeat(26))

  expect(nobodys).toMatchObject({ statusCode: 404, bridge: [] })
  expect(nobodys.asked).toContain('findRequest')
  for (const [whose, request] of Object.entries(victims)) {
    expect(await look(request), whose).toEqual(nobodys)
  }
  // The test would notice: of the demo's own it shows accounts.
  const ours = await look(own)
  expect(ours.statusCode).toBe(200)
  expect(ours.body).toContain('Compte courant')
})

it('what a stranger writes into the address is no markup, names no item, and breaks nothing', async () => {
  const { app, own, itemId } = await aSandbox()
  const odd = ['"><script>alert(1)</script>', 'x'.repeat(5_000), '\0', '[object Object]', own + own]

  for (const word of odd) {
    const url = `/demo?request=${encodeURIComponent(word)}&item_id=${itemId}&lang=${encodeURIComponent(word)}`
    const { statusCode, body } = await app.inject({ url, headers: page })
    expect(statusCode).toBe(404)
    expect(body).not.toContain('<script')
    expect(body).not.toContain('Compte courant')
  }
  const named = await app.inject({
    url: `/demo?request=${own}&item_id=${itemId}&success=false`,
    headers: page,
  })
  expect(named.statusCode).toBe(200)
  expect(named.body).not.toContain(`item_id=${itemId}`)
})

it('neither page may be framed, kept, or run anything', async () => {
  const { app, own } = await aSandbox()

  for (const url of ['/', `/demo?request=${own}`, '/demo']) {
    const { headers, body } = await app.inject({ url, headers: page })
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' })
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers).not.toHaveProperty('set-cookie')
    expect(body).not.toMatch(/<script|style=| on\w+=/)
    expect(Buffer.byteLength(body)).toBeLessThan(60_000)
  }
})

it('who opens walks without end is held to what a key may do', async () => {
  const { app } = await aSandbox()
  const begin = async () =>
    (await app.inject({ method: 'POST', url: '/demo', headers: page })).statusCode

  const told = new Set<number>()
  for (let count = 0; count < 700 && !told.has(429); count += 1) told.add(await begin())

  expect([...told]).toEqual([303, 429])
})
