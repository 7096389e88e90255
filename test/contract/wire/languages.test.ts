import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import {
  BridgeNetworkError,
  BridgeSchemaError,
  BridgeStatusError,
  BridgeTimeoutError,
} from '../../../src/bridge/bridge-errors.ts'
import { say } from '../../../src/texts/say.ts'
import { bridgeUrl } from '../../support/bridge.ts'
import { callMethod } from '../../support/app.ts'
import { aServedSite } from './served.ts'

const inEnglish = "Argument 'request' is required"
const inFrench = "L’argument 'request' est obligatoire"

test.each([
  ['lang', { lang: 'fr' }, {}, inFrench],
  ['a lang with its country', { lang: 'fr-FR' }, {}, inFrench],
  ['Accept-Language', {}, { 'accept-language': 'fr-CA, en;q=0.5' }, inFrench],
  ['lang before Accept-Language', { lang: 'en' }, { 'accept-language': 'fr' }, inEnglish],
  [
    'Accept-Language, when lang is none of ours',
    { lang: 'de' },
    { 'accept-language': 'fr' },
    inFrench,
  ],
  ['nothing', {}, {}, inEnglish],
  ['a lang that is no text', { lang: { fr: 1 } }, {}, inEnglish],
])('our error texts are chosen by %s', async (_what, args, headers, text) => {
  const { app, key } = await aServedSite()

  const { status, body } = await callMethod(app, 'get_bridge_item_id', args, { as: key, headers })

  expect(status).toBe(417)
  expect(body.exception).toBe(`frappe.exceptions.MandatoryError: ${text}`)
  expect(JSON.parse(body.exc)).toEqual([body.exception])
  const { _server_messages: messages } = body as Record<string, string>
  expect(JSON.parse(JSON.parse(messages!)[0])).toMatchObject({ message: text })
})

test('lang counts in a query and in a form too', async () => {
  const { app, key } = await aServedSite()
  const url = '/api/method/bank_api.bridge.get_bridge_item_id'
  const headers = { authorization: key.authorization }
  const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }

  const inQuery = await app.inject({ url: `${url}?lang=fr`, headers })
  const inForm = await app.inject({ method: 'POST', url, headers: form, payload: 'lang=fr' })

  expect(inQuery.body).toContain('est obligatoire')
  expect(inForm.body).toBe(inQuery.body)
})

test('a reason within a text is translated with it', async () => {
  const { app, key } = await aServedSite()
  const args = { item_id: 'x', lang: 'fr' }

  const { body } = await callMethod(app, 'get_bank_accounts', args, { as: key })

  expect(body.exception).toBe(
    "frappe.exceptions.ValidationError: L’argument 'item_id' n’est pas valide\u00a0: un nombre entier positif est attendu",
  )
})

test('callers without a key, and lost paths, are told in French too, always the same bytes', async () => {
  const { app } = await aServedSite()
  const headers = { 'accept-language': 'fr', authorization: 'token no:good' }

  const lost = await app.inject({ url: '/api/nope', headers: { 'accept-language': 'fr' } })
  const [one, other] = [
    await app.inject({ url: '/api/method/ping', headers }),
    await app.inject({ url: '/api/nope', headers: { ...headers, authorization: 'Basic x' } }),
  ]

  expect(lost.body).toContain('DoesNotExistError: Introuvable')
  expect(one.body).toContain('AuthenticationError: Clé d’API ou secret invalide')
  expect(other.body).toBe(one.body)
})

test('another’s item and nobody’s are the same bytes in French', async () => {
  const { app, key, world, bank } = await aServedSite()
  const other = world.addItem(world.addUser().uuid)
  const ask = (item_id: number) =>
    callMethod(app, 'get_bank_accounts', { item_id, lang: 'fr' }, { as: key })

  const theirs = await ask(other.id)
  const nobodys = await ask(bank.itemId + 99)

  expect(theirs.status).toBe(404)
  expect(theirs.body.exception).toBe(
    `frappe.exceptions.DoesNotExistError: Connexion ${other.id} introuvable`,
  )
  const anonymous = (text: string, id: number) =>
    text.replaceAll(String(id), 'N').replaceAll(/[0-9a-f]{56}/g, 'hash of the text')
  expect(anonymous(theirs.text, other.id)).toBe(anonymous(nobodys.text, bank.itemId + 99))
})

test('names and descriptions come from Bridge in the language asked for', async () => {
  const { app, key, bridge, bank } = await aServedSite()
  const describedIn = (language: string | null) => (language === 'fr' ? 'Code demandé' : 'Code')
  bridge.use(
    http.get(`${bridgeUrl}/v3/aggregation/items/:id`, ({ request }) =>
      HttpResponse.json({
        id: bank.itemId,
        status: 1010,
        status_code_description: describedIn(request.headers.get('accept-language')),
      }),
    ),
    http.get(`${bridgeUrl}/v3/aggregation/categories`, ({ request }) =>
      HttpResponse.json({
        resources: [
          { id: 273, name: request.headers.get('accept-language') === 'fr' ? 'Courses' : 'Food' },
        ],
      }),
    ),
  )
  const ask = async (name: string, args: object, headers = {}) =>
    (await callMethod(app, name, args, { as: key, headers })).message
  const item = { item_id: bank.itemId }

  expect(await ask('get_bridge_item_details', { ...item, lang: 'fr' })).toMatchObject({
    status_code_description: 'Code demandé',
  })
  expect(await ask('get_bridge_item_details', item, { 'accept-language': 'fr' })).toMatchObject({
    status_code_description: 'Code demandé',
  })
  expect(await ask('get_bridge_item_details', item)).toMatchObject({
    status_code_description: 'Code',
  })
  expect(await ask('get_bank_transactions', { lang: 'fr' })).toMatchObject([
    { category: 'Courses' },
  ])
  expect(await ask('get_bank_transactions', { lang: 'en' })).toMatchObject([{ category: 'Food' }])
  expect(await ask('get_category', { category_id: 273, lang: 'fr' })).toMatchObject({
    name: 'Courses',
  })
})

test('a refresh says in French why there was none', async () => {
  const { app, key, bank } = await aServedSite()
  const args = { item_id: bank.itemId, lang: 'fr' }

  const { message } = await callMethod(app, 'post_item_refresh', args, { as: key })

  expect(message).toMatchObject({
    refreshed: false,
    reason: expect.stringMatching(/^Bridge actualise/) as string,
  })
})

const where = { method: 'GET', route: '/v3/x' }

test.each([
  new BridgeNetworkError(where, new Error('gone')),
  new BridgeTimeoutError(where, 'late'),
  new BridgeSchemaError('odd'),
  ...[400, 401, 404, 429, 503].map(
    (bridgeStatus) => new BridgeStatusError({ ...where, bridgeStatus, property: 'item_id' }),
  ),
  new BridgeStatusError({ ...where, bridgeStatus: 422 }),
])('$message: has a French twin', ({ message, text }) => {
  const translated = say(text, 'fr')

  expect(translated).not.toBe(message)
  expect(translated).not.toMatch(/[{}]/)
  expect(say(text, 'en')).toBe(message)
})
