import { onTestFinished } from 'vitest'
import type { MovableClock } from '../../../../src/clock.ts'
import { buildSandbox } from '../../../../src/sandbox/sandbox.ts'
import type { Json } from '../../e2e/visit.ts'

/** Bridge, and behind it the banks: what they have is read here past the gateway. */
export interface Bank {
  origin: string
  /** Something goes wrong with calls of the gateway's, until `calm`. */
  fault(fault: object): Promise<void>
  calm(): Promise<void>
  /** Each connection is refreshed, and its webhooks set off. */
  morning(): Promise<void>
  /** Resolves once each new webhook was tried. */
  told(): Promise<void>
  /** The connection is gone, and nobody is told. */
  lose(itemId: number): Promise<void>
  /** The consent that was just given ends so much later, instead of 180 days. */
  limitConsent(itemId: number, ms: number): Promise<void>
  /** Undefined when it is gone. */
  item(who: Held): Promise<{ consentEnd: number; lastSuccess: number } | undefined>
  /** What the bank has booked in an account since a day. */
  rows(who: Held, accountId: number, since: string): Promise<Json[]>
  /** How many calls Bridge refused for there were too many. */
  tooMany(): number
}

/** A connection, and whose it is at Bridge. */
export interface Held {
  itemId: number
  userUuid: string
}

/** The sandbox in this process, so that it outlives every server. */
export async function openBank(
  clock: MovableClock,
  webhook: { url: () => string; secrets: () => readonly string[] },
): Promise<Bank> {
  const sandbox = buildSandbox({ clock, origin: () => sandbox.listeningOrigin, webhook })
  onTestFinished(async () => sandbox.close())
  let tooMany = 0
  sandbox.addHook('onResponse', async (_request, reply) => {
    if (reply.statusCode === 429) tooMany += 1
  })
  const origin = await sandbox.listen({ host: '127.0.0.1', port: 0 })

  const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, more: object = {}) => {
    const answer = await sandbox.inject({ method, url, ...more })
    return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() }
  }
  const pull = async (lever: string, payload: object = {}): Promise<Json> => {
    const { status, body } = await call('POST', `/_sandbox/${lever}`, { payload })
    if (status !== 200) throw new Error(`The lever ${lever} answered ${status}`)
    return body
  }
  const application = { 'client-id': 'judge', 'client-secret': 'x', 'bridge-version': '2025-01-15' }
  const headersOf = async (user_uuid: string) => {
    const url = '/v3/aggregation/authorization/token'
    const { body } = await call('POST', url, { headers: application, payload: { user_uuid } })
    return { ...application, authorization: `Bearer ${body.access_token}` }
  }
  return {
    origin,
    fault: (fault) => pull('faults', fault),
    calm: async () => void (await call('DELETE', '/_sandbox/faults')),
    morning: () => pull('clock', { advance: 0 }),
    async told() {
      for (;;) {
        const { body } = await call('GET', '/_sandbox/webhooks')
        if (!body.pending.some(({ attempts }: Json) => attempts === 0)) return
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    limitConsent: (itemId, ms) => pull(`items/${itemId}/consent`, { ends_in: ms }),
    lose: (itemId) => pull(`items/${itemId}/lose`),
    async item({ itemId, userUuid }) {
      const headers = await headersOf(userUuid)
      const { status, body } = await call('GET', `/v3/aggregation/items/${itemId}`, { headers })
      if (status === 404) return undefined
      if (status !== 200) throw new Error(`The bank answered ${status}`)
      return {
        consentEnd: Date.parse(body.authentication_expires_at),
        lastSuccess: Date.parse(body.last_successful_refresh),
      }
    },
    async rows({ userUuid }, accountId, since) {
      const headers = await headersOf(userUuid)
      const rows: Json[] = []
      let url: string | undefined =
        `/v3/aggregation/transactions?limit=500&account_id=${accountId}&min_date=${since}`
      while (url !== undefined) {
        const { body } = await call('GET', url, { headers })
        rows.push(...body.resources)
        url = body.pagination.next_uri
      }
      return rows.filter(({ booking_date, future }) => booking_date !== undefined && !future)
    },
    tooMany: () => tooMany,
  }
}
