import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { offerPortal } from '../../../src/auth/portal-session.ts'
import { offerLogin } from '../../../src/console/session.ts'
import { mailStopToken } from '../../../src/vault/mail-stop-token.ts'
import { renewalToken } from '../../../src/connect/renewal-token.ts'
import { withoutReference } from '../../support/app.ts'
import { aFurnishedConsole } from '../../support/console-rooms.ts'
import { sandboxed } from '../../support/sandboxed.ts'

/** Every route that anybody can ask for, and which test says to whom it answers what. A new one is put here with its own. */
const held: Readonly<Record<string, readonly string[]>> = {
  'ownership-matrix.test.ts, by bytes and queries': [
    'any /', 'any /api/method/*', 'any /api/v1/method/*', 'any /api/v2/method/*', 'any /api/*',
  ],
  'console.test.ts, and below by bytes and queries': [
    'GET /console', 'any /console/*', 'GET /console/:kind/:id', 'GET /console/bank/:id', 'GET /console/calls', 'POST /console/event/:id/replay',
    'GET /console/events', 'POST /console/events/replay', 'POST /console/examine', 'POST /console/item/:id/renewal',
    'POST /console/leave', 'GET /console/search', 'POST /console/site/:id/enable', 'POST /console/site/:id/test',
  ],
  'portal.test.ts, and below by bytes and queries': [
    'GET /portal', 'any /portal/*', 'GET /portal/event/:id', 'POST /portal/event/:id/replay', 'POST /portal/leave',
    'POST /portal/test',
  ],
  'below, by bytes and queries: who has the whole link': [
    'GET POST /console/login/:token', 'GET HEAD POST /portal/enter/:token', 'GET HEAD POST /renew/:token', 'GET HEAD /renewed',
    'GET HEAD POST /unsubscribe/:token', 'GET /bridge/callback',
  ],
  'demo.test.ts, by bytes and queries': ['GET POST /demo'],
  'they say nothing of anybody': ['GET HEAD /docs', 'GET HEAD /docs/page.js', 'GET HEAD /openapi.json', 'GET HEAD /live', 'GET HEAD /ready'],
  'unit/metrics and unit/webhooks: who has the token, or the signature': ['GET /metrics', 'POST /webhooks/bridge'],
} // prettier-ignore

/** Hears of every route of the servers that are made from now on, with the verbs that it takes. */
function listenForRoutes(): (app: FastifyInstance) => string[] {
  const heard = new Map<object, Map<string, Set<string>>>()
  const onMade = (made: unknown) => {
    const { fastify } = made as { fastify: FastifyInstance }
    const routes = new Map<string, Set<string>>()
    heard.set(fastify, routes)
    fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
      routes.set(url, new Set([...(routes.get(url) ?? []), ...[method].flat()]))
    })
  }
  subscribe('fastify.initialization', onMade)
  onTestFinished(() => void unsubscribe('fastify.initialization', onMade))
  return (app) =>
    Array.from(heard.get(app) ?? [], ([url, verbs]) => {
      const takesAny = app.supportedMethods.every((verb) => verbs.has(verb))
      return `${takesAny ? 'any' : [...verbs].toSorted().join(' ')} ${url}`
    }).toSorted()
}

it('every route has a test that says to whom it answers what', async () => {
  const routesOf = listenForRoutes()
  const { app } = await sandboxed({ env: { CONSOLE: 'true', METRICS_TOKEN: 'x'.repeat(40) } })

  expect(routesOf(app)).toEqual(Object.values(held).flat().toSorted())
})

/** The names of the store's operations as they are called; what is counted by the way is none of it. */
function countStore(app: FastifyInstance): () => string[] {
  const called: string[] = []
  const operations = app.store as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const [name, operation] of Object.entries(operations)) {
    if (name === 'close') continue
    operations[name] = (...args) => {
      if (name !== 'audit' && name !== 'addCalls') called.push(name)
      return operation(...args)
    }
  }
  return () => called.splice(0)
}

const nobodys = 'A'.repeat(43)

/** One whose last sign but one is another: the last of some holds bits that mean nothing. */
const nearly = (token: string): string =>
  token.replace(/(.)(.)$/, (_, sign: string, last: string) => (sign === 'A' ? 'B' : 'A') + last)

/** A server with all that a link can stand for, and for each kind of link one that is nearly right beside one of nothing. */
async function aFurnishedTown() {
  const made = await aFurnishedConsole()
  const { app, tenant, site, user, request, siteKey } = made
  const now = app.clock.now()
  const [held] = await app.store.listConnections({ id: 77 })
  const consentEnd = held!.item.authenticationExpiresAt!
  const { token: login } = await offerLogin(app, 'anne', { actor: 'cli', at: now })
  const scope = { tenantId: tenant.id, siteId: site.id, apiKey: siteKey.apiKey }
  const { token: entry } = await offerPortal(app, scope, { actor: 'cli', at: now })
  const renewal = renewalToken(app.keyring, { itemId: 77, consentEnd })
  const stop = mailStopToken(app.keyring, user.id)
  const links: Record<string, [nearlyRight: string, ofNothing: string]> = {
    'an address of the console': [`/console/login/${nearly(login)}`, `/console/login/ses_0.${nobodys}`],
    'an address of a site’s page': [`/portal/enter/${nearly(entry)}`, `/portal/enter/por_0.${nobodys}`],
    'a renewal link': [`/renew/${nearly(renewal)}`, `/renew/zz-zz-${nobodys.slice(0, 24)}`],
    'a link that stops reminders': [`/unsubscribe/${nearly(stop)}`, `/unsubscribe/usr_0-${nobodys.slice(0, 24)}`],
    'the end of a renewal, for a request that is none': [`/renewed?request=${request}`, `/renewed?request=${'a'.repeat(26)}`],
    'a callback': [`/bridge/callback?context=${nearly(request)}&item_id=77`, `/bridge/callback?context=${'a'.repeat(26)}&item_id=77`],
  } // prettier-ignore
  const whole = {
    'an address of the console': `/console/login/${login}`,
    'an address of a site’s page': `/portal/enter/${entry}`,
    'a renewal link': `/renew/${renewal}`,
    'a link that stops reminders': `/unsubscribe/${stop}`,
  }
  return { ...made, links, whole }
}

describe('who has a link but for one sign is answered as one who has none, to the byte and with the same work:', () => {
  it.each([
    'an address of the console',
    'an address of a site’s page',
    'a renewal link',
    'a link that stops reminders',
    'the end of a renewal, for a request that is none',
    'a callback',
  ])('%s', async (kind) => {
    const { app, links, bridge } = await aFurnishedTown()
    const steps = countStore(app)
    const told = async (url: string) => {
      const answers = []
      for (const method of ['GET', 'HEAD', 'POST'] as const) {
        const { statusCode, headers, body } = await app.inject({ method, url })
        const said = withoutReference(body).replaceAll(/request=\w+/g, '')
        answers.push([method, statusCode, said, headers['set-cookie'], steps()])
      }
      return answers
    }
    const [nearlyRight, ofNothing] = links[kind]!

    const answers = await told(nearlyRight)

    expect(answers).toEqual(await told(ofNothing))
    expect(JSON.stringify(answers)).not.toMatch(/erp\.acme\.test|Demo Bank|anne/)
    expect(bridge.calls).toEqual([])
  })

  it('and the test would notice: whole links are answered', async () => {
    const { app, whole } = await aFurnishedTown()

    for (const url of Object.values(whole)) {
      const { statusCode, body } = await app.inject({ url })
      expect(statusCode, url).toBe(200)
      expect(body, url).toMatch(/erp\.acme\.test|anne/)
    }
  })
})

it('to a stranger all that is inside says the same, whether or not there is such a thing, and nothing is looked up', async () => {
  const { app, site, event, user, request } = await aFurnishedConsole()
  const real = {
    site: site.id,
    event: event.id,
    user: user.id,
    request,
    item: '77',
    name: site.name,
  }
  const none = {
    site: 'sit_0',
    event: 'evt_0',
    user: 'usr_0',
    request: 'a'.repeat(26),
    item: '78',
    name: 'x.test',
  }
  const steps = countStore(app)
  const told = async (named: typeof real) => {
    const answers = []
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] as const) {
      for (const url of [
        `/console/site/${named.site}`,
        `/console/event/${named.event}`,
        `/console/user/${named.user}`,
        `/console/request/${named.request}`,
        `/console/item/${named.item}`,
        `/console/search?q=${named.name}`,
        `/console/events?site=${named.name}`,
        `/console/calls?site=${named.site}`,
        `/console/event/${named.event}/replay`,
        `/console/site/${named.site}/test`,
        `/console/site/${named.site}/enable`,
        `/console/item/${named.item}/renewal`,
        `/portal?site=${named.name}`,
        `/portal/event/${named.event}`,
        `/portal/event/${named.event}/replay`,
        `/portal/test?site=${named.name}`,
      ]) {
        const { statusCode, headers, body } = await app.inject({ method, url })
        const said = withoutReference(body).replaceAll(/href="\?[^"]*"/g, '')
        answers.push([method, statusCode, said, headers['set-cookie'], steps()])
      }
    }
    return answers
  }

  const answers = await told(real)

  expect(answers).toEqual(await told(none))
  for (const [method, status] of answers) expect([401, 404], String(method)).toContain(status)
  expect(answers.flatMap((answer) => answer.at(-1))).toEqual([])
})
