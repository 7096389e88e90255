import { request, type Agent, type Dispatcher } from 'undici'
import { timeLimit } from '../time-limit.ts'
import type { Resolve } from './resolve.ts'
import { createGuardedAgent, refuseByName } from './target-guard.ts'

/** What a site said to a webhook: a status and the beginning of its answer, or why there is none. */
export type Answer =
  | { status: number; response: Buffer; retryAfter: unknown }
  | { status: null; error: string; refused: boolean }

export interface Post {
  url: string
  headers: Record<string, string>
  body: Buffer
  /** CIDRs open to this site besides the public internet. */
  opened: readonly string[]
  /** Ends the try early, as a network failure. */
  signal?: AbortSignal
}

export interface Sender {
  send(post: Post): Promise<Answer>
  close(): Promise<void>
}

/** How long a try may take, look-up and answer together. */
const tryMs = 15_000

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
  // A connection stays with those who may dial its address: sites with other rights have other agents.
  const agents = new Map<string, Agent>()
  const agentFor = (opened: readonly string[]): Agent => {
    const name = opened.toSorted().join()
    const agent = agents.get(name) ?? createGuardedAgent({ opened, own }, resolve)
    agents.set(name, agent)
    return agent
  }

  return {
    async send({ url, headers, body, opened, signal }) {
      const dispatcher = agentFor(opened)
      const limit = timeLimit(timeoutMs, signal)
      try {
        refuseByName(new URL(url), { opened, own })
        const asked = request(url, {
          method: 'POST',
          headers,
          body,
          dispatcher,
          signal: limit.signal,
          headersTimeout: 0, // the signal says when; undici's own timers are coarse
          bodyTimeout: 0,
        })
        const answer = await unlessEnded(limit.signal, asked)
        const response = await beginningOf(answer.body)
        return {
          status: answer.statusCode,
          response,
          retryAfter: answer.headers['retry-after'],
        }
      } catch (error) {
        return limit.isOver
          ? { status: null, error: `no answer within ${timeoutMs / 1_000} s`, refused: false }
          : { status: null, error: inWords(error), refused: isRefusal(error) }
      } finally {
        limit.release()
      }
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    },
  }
}

/** Leaves work behind when the signal says so: undici looks at it only once it has a connection, so not while it dials. */
async function unlessEnded<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal.reason as Error)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await Promise.race([work, ended])
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** The first bytes of an answer. The status was the verdict: a body that breaks off, or never ends, changes nothing. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= keptBytes) break // leaving the loop drops the connection, and with it the rest
    }
  } catch {
    return Buffer.concat(chunks).subarray(0, keptBytes)
  }
  return Buffer.concat(chunks).subarray(0, keptBytes)
}

const isRefusal = (error: unknown): boolean =>
  error instanceof Error && error.name === 'TargetRefusedError'

/** The code says enough; messages may hold addresses that are not the site's business. */
function inWords(error: unknown): string {
  if (isRefusal(error)) return 'the address is not allowed'
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
