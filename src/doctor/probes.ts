import { statfs } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { Config } from '../config.ts'
import { dispatcherTo } from '../bridge/transport/dispatcher.ts'
import { ask } from '../http-exchange.ts'
import { createMailer, mailServerOf } from '../mail/mailer.ts'
import { systemResolve } from '../webhooks/relay/resolve.ts'
import { shakeHands } from '../webhooks/relay/target-facts.ts'

/** How the doctor touches the world; tests give their own. */
export interface Probes {
  /** An answer's status, `Date` header in epoch milliseconds, and first kilobytes. Rejects when there is none. */
  get(
    url: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; date: number | undefined; body: string }>
  /** Where a tenant's name leads. Rejects when it does not resolve. */
  resolve(host: string, tenantId: string): Promise<string[]>
  /** When the certificate an address shows for a host ends, in epoch milliseconds. Rejects when it is not to be trusted. */
  certificateEnd(host: string, address: string, port: number): Promise<number>
  /** Free bytes for an ordinary user, and the kind of file system, as `statfs` numbers it. */
  disk(path: string): Promise<{ freeBytes: number; type: number }>
  /** Greets the mail server that is configured. Rejects when it does not let us in. */
  greetMailServer(): Promise<void>
}

const timeoutMs = 10_000

export const systemProbes = ({
  secrets,
  mailFrom,
}: Pick<Config, 'secrets' | 'mailFrom'>): Probes => ({
  async get(url, headers = {}) {
    const { origin, pathname, search } = new URL(url)
    const dispatcher = dispatcherTo(origin, secrets.proxy, 1)
    const path = `${pathname}${search}`
    try {
      const answer = await ask(
        dispatcher,
        { origin, path, method: 'GET', headers },
        { ms: timeoutMs, maxBytes: () => 4_096 },
      )
      const date = Date.parse(answer.headers['date'] ?? '')
      return {
        status: answer.status,
        date: Number.isNaN(date) ? undefined : date,
        body: answer.body.toString(),
      }
    } finally {
      await dispatcher.destroy()
    }
  },
  resolve: async (host, tenantId) =>
    isIP(host) === 0
      ? new Promise((resolve, reject) =>
          systemResolve(
            host,
            (error, found) =>
              error ? reject(error) : resolve(found.map(({ address }) => address)),
            tenantId,
          ),
        )
      : [host],
  async certificateEnd(host, address, port) {
    const { validUntil, error } = await shakeHands(host, address, port)
    if (error !== null || validUntil === null) throw new Error(error ?? 'no certificate')
    return validUntil
  },
  async disk(path) {
    const { bavail, bsize, type } = await statfs(path)
    return { freeBytes: bavail * bsize, type }
  },
  async greetMailServer() {
    const server = mailServerOf({ secrets, mailFrom })
    if (server) await createMailer(server).check()
  },
})
