import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { aServedSite, type Served } from '../../contract/wire/served.ts'
import { isLeftOut, run } from './run.ts'

const curl = '/usr/bin/curl'

const method = '$SITE/api/method/bank_api.bridge.get_bank_accounts'
const token = "-H 'Authorization: token $PAIR'"

/** The forms of Frappe's documentation on its REST API, as one types them. */
const forms: [title: string, typed: string][] = [
  ['the credential test by token', `$SITE/api/method/frappe.auth.get_logged_user ${token}`],
  [
    'the credential test by Basic',
    '-X GET --user $PAIR $SITE/api/method/frappe.auth.get_logged_user',
  ],
  [
    'POST with JSON',
    `-X POST ${method} ${token} -H 'Content-Type: application/json' -H 'Accept: application/json' -d '{"item_id": $ITEM}'`,
  ],
  ['POST with a form, whose type -d sets', `${method} ${token} -d item_id=$ITEM`],
  ['POST with a multipart form', `${method} ${token} -F item_id=$ITEM`],
  ['GET with the arguments in the query', `-G ${method} ${token} --data-urlencode item_id=$ITEM`],
  ['DELETE', `-X DELETE '${method}?item_id=$ITEM' ${token}`],
]

const send = ({ origin, key, bank }: Served, typed: string) =>
  run('/bin/sh', [
    '-c',
    `${curl} --silent --show-error --noproxy '*' --write-out '\n%{http_code}' ${typed}`
      .replaceAll('$SITE', origin)
      .replaceAll('$PAIR', `${key.apiKey}:${key.apiSecret}`)
      .replaceAll('$ITEM', String(bank.itemId)),
  ])

describe.skipIf(isLeftOut(curl, existsSync(curl), 'curl'))('curl', () => {
  test.each(forms)('%s', async (_title, typed) => {
    const served = await aServedSite()

    const [body = '', status] = (await send(served, typed)).split('\n')

    const { message } = JSON.parse(body) as { message: unknown }
    const { itemId } = served.bank
    if (message !== 'erp.acme.test') expect(message).toMatchObject([{ item_id: itemId }])
    expect(status).toBe('200')
  })

  test('a form that waits for 100 Continue is let in', async () => {
    const served = await aServedSite()
    const typed = `$SITE/api/method/frappe.auth.get_logged_user ${token}`

    const answer = await send(served, `${typed} -H 'Expect: 100-continue' -d a=1`)

    expect(answer).toBe('{"message":"erp.acme.test"}\n200')
  })
})
