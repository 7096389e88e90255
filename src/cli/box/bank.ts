import { Agent, request } from 'undici'
import { z } from 'zod'
import { CommandError } from '../command-error.ts'

/** What the sandbox in the box lets a person do to it: its levers, and the page where a bank is connected. */
export interface SandboxBank {
  /** Refreshes an item; `meets` is what the refresh meets, as an element of a login's scenario. */
  refresh(item: number, meets?: string): Promise<void>
  /** Ends an item's consent so much later than now; told with the next refresh. */
  endConsent(item: number, inMs: number): Promise<void>
  now(): Promise<number>
  /** Moves its clock, and the server's; answers how many items were refreshed for it. */
  advance(ms: number): Promise<{ now: number; refreshed: number }>
  /** Waits until every webhook that is due was tried. */
  flush(): Promise<void>
  /** Logs in on the page of a link, as a person would; answers where the browser goes next. */
  logIn(link: string): Promise<URL>
  /** Walks the flow of the server's start page, as the demo site; the new connection's number. */
  connectDemo(publicUrl: string): Promise<number>
  close(): Promise<void>
}

const clock = z.object({ now: z.number(), refreshed: z.array(z.number()).default([]) })

/** The bank behind a sandbox's origin. */
export function createSandboxBank(origin: string): SandboxBank {
  const dispatcher = new Agent()

  async function send(url: string, method: 'GET' | 'POST', body?: object) {
    return request(url, {
      method,
      dispatcher,
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
  }
  async function pull(lever: string, method: 'GET' | 'POST', body?: object): Promise<unknown> {
    const answer = await send(`${origin}/_sandbox/${lever}`, method, body)
    if (answer.statusCode !== 200) {
      await answer.body.dump()
      throw new CommandError(`The sandbox at ${origin} answered ${answer.statusCode} to ${lever}`)
    }
    return answer.body.json()
  }

  /** Where an answer sends a browser. */
  async function follow(url: string, method: 'GET' | 'POST', body?: object): Promise<URL> {
    const answer = await send(url, method, body)
    await answer.body.dump()
    const { location } = answer.headers
    if (typeof location === 'string') return new URL(location, url)
    throw new CommandError(`${new URL(url).origin} answered ${answer.statusCode} on the way`)
  }
  const logIn = (link: string) => follow(link, 'POST', { login: 'success', password: 'any' })

  return {
    async refresh(item, meets) {
      await pull(`items/${item}/refresh`, 'POST', { meets })
    },
    async endConsent(item, inMs) {
      await pull(`items/${item}/consent`, 'POST', { ends_in: inMs })
    },
    now: async () => clock.parse(await pull('clock', 'GET')).now,
    async advance(ms) {
      const { now, refreshed } = clock.parse(await pull('clock', 'POST', { advance: ms }))
      return { now, refreshed: refreshed.length }
    },
    async flush() {
      await pull('webhooks/flush', 'POST')
    },
    logIn,
    async connectDemo(publicUrl) {
      const link = await follow(`${publicUrl}/demo`, 'POST')
      const home = await follow((await logIn(link.href)).href, 'GET')
      return Number(home.searchParams.get('item_id'))
    },
    close: () => dispatcher.close(),
  }
}
