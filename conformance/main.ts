import { Command, InvalidArgumentError } from 'commander'
import { addEnvFile } from '../src/env-file.ts'
import { processStreams, processTerminal } from '../src/terminal/terminal.ts'
import { createBridge } from './bridge.ts'
import { examine, inWords, toReport, type Found } from './examine.ts'
import { openListener } from './listener.ts'
import { openOwnSandbox } from './own-sandbox.ts'
import { byPerson } from './person.ts'
import { points } from './points/index.ts'

interface Options {
  sandbox?: boolean
  listen?: number
  callback: string
  patience: number
  mayDeleteAllUsers?: boolean
  only?: string[]
  json?: boolean
}

const { complain, say, sayJson } = processTerminal()

/** What whoever called it has to do first. */
class UsageError extends Error {
  override name = 'UsageError'
}

const program = new Command('conformance')
  .description(
    'Look at what Bridge does, point by point, with the credentials of a sandbox application.',
  )
  .option('--sandbox', 'look at our own sandbox instead, for which nobody is needed')
  .option('--listen <port>', 'where the webhook of the application leads, on this machine', number)
  .option('--callback <address>', 'where links come back to', 'https://example.com/back?kept=1')
  .option('--patience <minutes>', 'how long it may wait for what only time brings', number, 2)
  .option('--may-delete-all-users', 'also try the call that deletes every user of the application')
  .option('--only <id...>', 'these points alone')
  .option('--json', 'the report as JSON')
  .action(async (options: Options) => {
    addEnvFile(process.env)
    const { only } = options
    const wanted = points.filter(({ id }) => only === undefined || only.includes(id))
    const { bridge, close } = options.sandbox ? await openOwnSandbox() : await openBridge(options)
    try {
      const found = await examine(bridge, wanted, ({ point, finding }) =>
        complain(`${point.id}: ${inWords(finding)}`),
      )
      if (options.json) sayJson(found.map(toRow))
      else say(...toReport(found).split('\n'))
    } finally {
      await close()
    }
  })

try {
  await program.parseAsync()
} catch (error) {
  complain(error instanceof UsageError ? error.message : String((error as Error).stack))
  process.exitCode = 1
}

const toRow = ({ point: { id, assumed }, finding }: Found) => ({ point: id, assumed, ...finding })

/** Bridge itself, with the credentials of the environment. */
async function openBridge({ listen, callback, patience, mayDeleteAllUsers }: Options) {
  const {
    BRIDGE_CLIENT_ID: clientId,
    BRIDGE_CLIENT_SECRET: clientSecret,
    BRIDGE_WEBHOOK_SECRETS: secrets = '',
    BRIDGE_BASE_URL: baseUrl = 'https://api.bridgeapi.io',
  } = process.env
  if (!clientId || !clientSecret) {
    throw new UsageError('Set BRIDGE_CLIENT_ID and BRIDGE_CLIENT_SECRET, of a sandbox application.')
  }
  const [secret = ''] = secrets.split(',').map((text) => text.trim())
  if (listen !== undefined && secret === '') {
    throw new UsageError('Set BRIDGE_WEBHOOK_SECRETS to the secret of the webhook that leads here.')
  }
  const listener = listen === undefined ? undefined : await openListener(listen, secret)
  const person = byPerson({
    input: process.stdin,
    output: processStreams.stderr,
    patienceMs: patience * 60_000,
  })
  const surroundings = {
    ...person,
    callback,
    mayDeleteAll: mayDeleteAllUsers === true,
    ...(listener && { listener }),
  }
  return {
    bridge: createBridge({ baseUrl, clientId, clientSecret }, surroundings),
    close: async () => listener?.close(),
  }
}

function number(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('a number.')
  return Number(text)
}
