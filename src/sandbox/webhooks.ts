import { createHmac } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { iso } from './times.ts'
import type { Clock } from '../clock.ts'
import type { State, Webhook } from './state.ts'
import type { Switches } from './switches.ts'

export interface WebhookQueue {
  /** Queues one event; nothing happens when there is nowhere to send it. */
  enqueue(type: string, content: object, timestamp?: number): void
  /** Tries what is due. */
  tick(): void
  /** Tries everything waiting once, due or not, and settles when those tries ended. */
  flush(): Promise<void>
  close(): Promise<void>
}

interface QueueOptions {
  clock: Clock
  state: State
  switches: () => Switches
  target: { url: () => string; secrets: () => readonly string[] } | undefined
  changed: () => void
  log: (event: object, text: string) => void
}

/** Bridge, "Secure your webhooks": upper-case HMAC-SHA256 of the raw body, one for each active secret. */
export function signWebhook(body: string, secrets: readonly string[]): string {
  const sign = (secret: string): string =>
    createHmac('sha256', secret).update(body).digest('hex').toUpperCase()
  return secrets.map((secret) => `v1=${sign(secret)}`).join(',')
}

/** Wait before the next try: 10 s, tripled each time; ten tries span a little over a day. */
export const retryDelay = (attempts: number): number => 10_000 * 3 ** (attempts - 1)

/**
 * Sends one at a time: first tries in the order of the events, retries when they are due. A
 * failure holds nothing back.
 */
export function createWebhookQueue(options: QueueOptions): WebhookQueue {
  const { clock, state, switches, target, changed, log } = options
  const agent = new Agent({ keepAliveTimeout: 1000 })
  const closing = new AbortController()
  let running: Promise<void> | undefined

  const due = (): Webhook | undefined => {
    const now = clock.now()
    return state.webhooks.find((one) => one.dueAt <= now)
  }
  const drop = (webhook: Webhook): void => {
    const { webhooks } = state
    const at = webhooks.indexOf(webhook)
    if (at !== -1) webhooks.splice(at, 1)
  }
  const deliver = async (url: string, webhook: Webhook, secrets: readonly string[]) => {
    const limit = AbortSignal.timeout(switches().webhookTimeout)
    const answer = await request(url, {
      method: 'POST',
      body: webhook.body,
      headers: {
        'content-type': 'application/json',
        'bridgeapi-signature': signWebhook(webhook.body, secrets),
      },
      dispatcher: agent,
      signal: AbortSignal.any([limit, closing.signal]),
    })
    await answer.body.dump()
    return answer.statusCode
  }
  const outcomeOf = async (webhook: Webhook): Promise<string | undefined> => {
    if (target === undefined) return undefined
    try {
      const status = await deliver(target.url(), webhook, target.secrets())
      if (status === 200 || (!switches().retryOnlyNon200 && status >= 200 && status < 300)) {
        return undefined
      }
      return `answered ${status}`
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const attempt = async (webhook: Webhook): Promise<void> => {
    const outcome = await outcomeOf(webhook)
    if (outcome === undefined) drop(webhook)
    // Stopping is not the receiver's failure: the try does not count.
    else if (!closing.signal.aborted) postpone(webhook, outcome)
    changed()
  }
  const postpone = (webhook: Webhook, outcome: string): void => {
    webhook.attempts += 1
    webhook.dueAt = clock.now() + retryDelay(webhook.attempts)
    const over = webhook.attempts >= switches().webhookAttempts
    if (over) drop(webhook)
    log(
      { outcome, attempts: webhook.attempts, ...(over ? {} : { next: iso(webhook.dueAt) }) },
      over ? 'webhook given up' : 'webhook will be tried again',
    )
  }
  const work = async (): Promise<void> => {
    // The caller's own answer leaves first.
    await turn()
    for (let next = due(); next !== undefined && !closing.signal.aborted; next = due()) {
      await attempt(next)
    }
  }
  const run = (): Promise<void> => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    enqueue(type, content, timestamp = clock.now()) {
      if (target === undefined) return
      const { counters, webhooks } = state
      counters.webhook += 1
      const body = JSON.stringify({ content, timestamp, type })
      webhooks.push({ seq: counters.webhook, body, attempts: 0, dueAt: clock.now() })
      changed()
      void run()
    },
    tick() {
      if (target !== undefined && due() !== undefined) void run()
    },
    async flush() {
      if (target === undefined) return
      await running
      for (const one of state.webhooks) one.dueAt = Math.min(one.dueAt, clock.now())
      await run()
    },
    async close() {
      closing.abort()
      await running
      await agent.destroy()
    },
  }
}
