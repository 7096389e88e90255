import { Agent, request } from 'undici'
import { eventBody } from './bridge-replies.ts'
import { siteAddress } from '../sites.ts'
import { workWhenAsked } from './listen.ts'

// Posts so many webhooks to so many endpoints, as many at once as told, each time it is asked.
const [port = '', posts = '', endpoints = '', atOnce = ''] = process.argv.slice(2)
const dispatcher = new Agent({ keepAliveTimeout: 4_000 })
const body = Buffer.from(eventBody(10_000_000, 'uuid-of-usr_somebody', 1_790_000_000_000))
const headers = {
  'content-type': 'application/json',
  'webhook-id': 'evt_abcdefghijklmnopqrstuvwx',
  'webhook-timestamp': '1790000000',
  'webhook-signature': `v1,${'x'.repeat(44)}`,
  'x-frappe-webhook-signature': 'x'.repeat(44),
  'x-bank-api-site': 'erp-1.example',
  'x-bank-api-event': 'item.account.updated',
}

async function postAll(): Promise<number> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < Number(posts)) {
      const url = siteAddress(next++ % Number(endpoints), Number(port))
      const answer = await request(url, { method: 'POST', headers, body, dispatcher })
      await answer.body.dump()
    }
  }
  await Promise.all(Array.from({ length: Number(atOnce) }, lane))
  return next
}

workWhenAsked(postAll)
