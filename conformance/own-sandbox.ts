import { request } from 'undici'
import { createMovableClock } from '../src/clock.ts'
import { buildSandbox } from '../src/sandbox/sandbox.ts'
import type { SwitchChanges } from '../src/sandbox/switches.ts'
import { createBridge } from './bridge.ts'
import { openListener } from './listener.ts'

const credentials = { clientId: 'conformance', clientSecret: 'of-no-account' }
const webhookSecret = 'secret-of-the-webhooks'

/** Our own sandbox as the Bridge to look at, with these switches; its levers do what takes a person or time elsewhere. */
export async function openOwnSandbox(switches: SwitchChanges = {}) {
  const listener = await openListener(0, webhookSecret)
  const sandbox = buildSandbox({
    clock: createMovableClock(),
    origin: () => sandbox.listeningOrigin,
    credentials,
    webhook: { url: () => listener.url, secrets: () => [webhookSecret] },
    switches,
  })
  const baseUrl = await sandbox.listen({ host: '127.0.0.1', port: 0 })

  const send = async (url: string, method: 'GET' | 'POST', body?: object) => {
    const answer = await request(url, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    await answer.body.dump()
    return answer
  }
  const pull = (lever: string, body: object = {}) =>
    send(`${baseUrl}/_sandbox/${lever}`, 'POST', body)

  const bridge = createBridge(
    { baseUrl, ...credentials },
    {
      async visit(link, login) {
        const { headers } = await send(link, 'POST', { login, password: 'any' })
        return new URL(String(headers['location']))
      },
      serves: async (link) => (await send(link, 'GET')).statusCode === 200,
      async pass(ms) {
        await pull('clock', { advance: ms })
        await pull('webhooks/flush')
      },
      async refresh(itemId) {
        await pull(`items/${itemId}/refresh`)
      },
      async sendTestEvent() {
        await pull('webhooks/test')
      },
      async countCalls() {
        await pull('quotas', { on: true })
      },
      callback: 'http://127.0.0.1:9/back?kept=1',
      mayDeleteAll: true,
      listener,
    },
  )
  return {
    bridge,
    async close() {
      await sandbox.close()
      await listener.close()
    },
  }
}
