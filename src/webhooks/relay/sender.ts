import type { Agent } from 'undici'
import { tryMs } from '../../db/rules/delivery-claims.ts'
import { ask, OutOfTimeError } from '../../http-exchange.ts'
import type { Resolve } from './resolve.ts'
import { createGuardedAgent, checkTargetName, TargetRefusedError } from './target-guard.ts'
import { noAnswerWithin, notAllowed } from './try-errors.ts'

/** What a site said to a webhook: a status and the beginning of its answer, or why there is none. */
export type SiteAnswer =
  | { status: number; response: Buffer; retryAfter: unknown; location?: unknown }
  | { status: null; error: string; refused: boolean }

export interface Post {
  url: string
  headers: Record<string, string>
  body: Buffer
  /** CIDRs open to this site besides the public internet. */
  opened: readonly string[]
  /** Whose site it is. */
  tenant?: string
  /** Ends the try early, as a network failure. */
  signal?: AbortSignal
}

export interface Sender {
  send(post: Post): Promise<SiteAnswer>
  close(): Promise<void>
}

/** How much of an answer is kept. */
const keptBytes = 2 * 1024

/** Posts webhooks: one request each, redirects not followed. Never rejects for what the site or the network did. */
export function createSender({
  timeoutMs = tryMs,
  resolve,
  own,
}: {
  timeoutMs?: number
  resolve?: Resolve
  /** Our own address, where no webhook goes. */
  own?: string
} = {}): Sender {
  // A connection stays with those who may dial its address: sites of others, or with other rights, have other agents.
  const agents = new Map<string, Agent>()
  const agentFor = (opened: readonly string[], tenant: string | undefined): Agent => {
    const name = [tenant ?? '', ...opened.toSorted()].join()
    const agent = agents.get(name) ?? createGuardedAgent({ opened, own, tenant }, resolve)
    agents.set(name, agent)
    return agent
  }

  return {
    async send({ url, headers, body, opened, tenant, signal }) {
      const dispatcher = agentFor(opened, tenant)
      try {
        const target = new URL(url)
        checkTargetName(target, { opened, own })
        const asked = {
          origin: target.origin,
          path: `${target.pathname}${target.search}`,
          method: 'POST' as const,
          headers,
          body,
          headersTimeout: 0, // ours says when; undici's own timers are coarse
          bodyTimeout: 0,
        }
        // The status is the verdict: a body that breaks off, or never ends, changes nothing.
        const answer = await ask(dispatcher, asked, {
          ms: timeoutMs,
          signal,
          maxBytes: () => keptBytes,
        })
        return {
          status: answer.status,
          response: answer.body,
          retryAfter: answer.headers['retry-after'],
          location: answer.headers.location,
        }
      } catch (error) {
        return error instanceof OutOfTimeError
          ? { status: null, error: noAnswerWithin(timeoutMs), refused: false }
          : { status: null, error: inWords(error), refused: isRefusal(error) }
      }
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    },
  }
}

const isRefusal = (error: unknown): boolean => error instanceof TargetRefusedError

/** The code says enough; messages may hold addresses that are not the site's business. */
function inWords(error: unknown): string {
  if (isRefusal(error)) return notAllowed
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
