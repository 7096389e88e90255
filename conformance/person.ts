import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { lasting } from '../src/terminal/durations.ts'
import type { Surroundings } from './bridge.ts'
import { NotTestableError } from './point.ts'

/** What a login of the Demo Bank wants of the person, where that is not plain. */
const manners: Record<string, string> = {
  '402': 'leave the page once the bank refused the password',
  otp_fail: 'give any code, and leave the page once it was refused',
  app2app_expiry: 'wait until the time ran out, and leave the page',
}

interface Options {
  input: Readable & { isTTY?: boolean }
  output: Writable
  /** How long it may wait for something that only time brings. */
  patienceMs: number
}

/** A person before a terminal does what a program cannot, and waits as long as they said. */
export function byPerson({
  input,
  output,
  patienceMs,
}: Options): Omit<Surroundings, 'callback' | 'mayDeleteAll'> {
  async function ask(...lines: string[]): Promise<string> {
    if (input.isTTY !== true) throw new NotTestableError('nobody is there to open links')
    const terminal = createInterface({ input, output })
    try {
      return (await terminal.question(`\n${lines.join('\n')}\n> `)).trim()
    } finally {
      terminal.close()
    }
  }
  async function pass(ms: number): Promise<void> {
    if (ms > patienceMs) throw new NotTestableError(`takes ${lasting(ms)}: give --patience`)
    await wait(ms)
  }
  return {
    pass,
    async visit(link, login) {
      const end = await ask(
        'Open this, choose Demo Bank where it asks, any password:',
        link,
        `Log in as ${login}: ${manners[login] ?? 'go on to the end'}.`,
        'Paste the address that your browser ended at:',
      )
      const url = URL.parse(end)
      if (!url) throw new NotTestableError('nobody said where the visit ended')
      return url
    },
    async serves(link) {
      return (await ask('Open this once more:', link, 'Does it lead to a bank? y or n')) === 'y'
    },
    async refresh(_itemId, askBridge) {
      const { status } = await askBridge()
      if (status !== 202) throw new NotTestableError(`no refresh can be asked for: ${status}`)
      await pass(Math.min(patienceMs, 60_000))
    },
    async sendTestEvent() {
      await ask("Send a test event from the dashboard's page of the webhook, then press Enter:")
    },
    // Bridge always counts.
    countCalls: async () => {},
  }
}
