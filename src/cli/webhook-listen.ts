import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici'
import { z } from 'zod'
import { bridgeEvents } from '../bridge/events/webhook-events.ts'
import { systemClock } from '../clock.ts'
import { tryMs } from '../db/rules/delivery-claims.ts'
import { isDelivered } from '../db/rules/endpoint-health.ts'
import { secondMs } from '../durations.ts'
import { ask } from '../http-exchange.ts'
import { ownEvents } from '../own-events.ts'
import { webhookHeaders } from '../webhooks/relay/headers.ts'
import { addressArgument, pastArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'

interface Options {
  url: URL
  forwardTo?: URL
  since?: number
  types?: string
  json?: boolean
}

/** Between two looks at the feed, and after a server that did not answer. */
const lookEveryMs = 2 * secondMs
const afterFailureMs = 5 * secondMs
/** Between the tries of one event: whoever restarts a program of theirs misses nothing. */
const waits = [secondMs, 3 * secondMs]
/** Of an answer: what is more is not waited for. */
const mostBytes = 2 * 1024

const page = z.object({
  events: z.array(
    z.looseObject({
      id: z.string(),
      type: z.string(),
      site: z.string(),
      item_id: z.int().nullable(),
      received_at: z.string(),
      event: z.looseObject({}),
    }),
  ),
  cursor: z.string(),
  has_more: z.boolean(),
})
type Told = z.output<typeof page>['events'][number]

const types = [...Object.keys(ownEvents), ...Object.keys(bridgeEvents)]

/** `bank-api webhook listen`: asks the feed by a site's key alone, from anywhere. */
export function listenCommand(webhook: Command, context: CommandContext): void {
  webhook
    .command('listen')
    .description("print a site's events as they come, and post them to a program of yours, signed")
    .requiredOption('--url <address>', 'where Bank API is', addressArgument)
    .option('--forward-to <address>', 'as http://localhost:8000/hook', addressArgument)
    .option('--since <time>', 'also what came since, as 2027-01-31 or 12h', pastArgument)
    .option('--types <types>', 'these alone, as connect.completed,item.refreshed')
    .option('--json', 'a line of JSON for each')
    .addHelpText(
      'after',
      "\nThe site's key stands in BANK_CONNECTOR_KEY and BANK_CONNECTOR_SECRET.",
    )
    .action((options: Options) => listen(context, options))
}

async function listen(context: CommandContext, options: Options): Promise<void> {
  const { say, complain } = context.terminal
  // A newer server, or Bridge one day, may have types that this program does not know.
  const odd = (options.types ?? '')
    .split(',')
    .map((type) => type.trim())
    .filter((type) => type !== '' && !types.includes(type))
  if (odd.length > 0) complain(`No type known here: ${odd.join(', ')}. Types: ${types.join(', ')}`)
  const stopped = context.stopped()
  const dispatcher = new EnvHttpProxyAgent()
  const site = callerOf(context.env, options.url, dispatcher)
  const forward =
    options.forwardTo && forwarder(options.forwardTo, await secretOf(context, stopped, site))
  const asked = options.types === undefined ? {} : { types: options.types }
  let from: object = options.since === undefined ? {} : { since: new Date(options.since) }
  let isSaid = options.json === true
  try {
    while (!stopped.aborted) {
      const told = await patiently(context, stopped, () =>
        site('get_events', { ...asked, ...from }),
      )
      if (told === undefined) break
      const { events, cursor, has_more: hasMore } = page.parse(told)
      if (!isSaid) say(`Listening at ${options.url.origin}; end with Ctrl-C`)
      isSaid = true
      for (const event of events) {
        if (stopped.aborted) return
        tell(context, event, await forward?.post(event, stopped), options)
      }
      from = { cursor }
      if (!hasMore) await pause(lookEveryMs, undefined, { signal: stopped }).catch(() => {})
    }
  } finally {
    await forward?.close()
    await dispatcher.close()
  }
}

type Call = (method: string, args: object) => Promise<unknown>

/** A refusal of the server's that asking again later may change. */
class LaterError extends Error {
  override name = 'LaterError'
  readonly waitMs: number

  constructor(message: string, waitMs: number) {
    super(message)
    this.waitMs = waitMs
  }
}

const refusal = z.object({
  exception: z.string().catch(''),
  code: z.string().optional().catch(undefined),
  retry_after: z.number().optional().catch(undefined),
})

/** Calls methods as the site whose key stands in the environment. Throws a CommandError for a final refusal. */
function callerOf(env: CommandContext['env'], url: URL, dispatcher: Dispatcher): Call {
  const key = env['BANK_CONNECTOR_KEY']?.trim()
  const secret = env['BANK_CONNECTOR_SECRET']?.trim()
  if (!key || !secret) {
    throw new CommandError(
      "Set BANK_CONNECTOR_KEY and BANK_CONNECTOR_SECRET to the site's api_key and api_secret.",
      { exitCode: 2 },
    )
  }
  const headers = {
    authorization: `token ${key}:${secret}`,
    'content-type': 'application/json',
    'user-agent': 'bank-api',
  }
  return async (method, args) => {
    const answer = await request(new URL(`/api/method/bank_api.bridge.${method}`, url), {
      method: 'POST',
      dispatcher,
      headers,
      body: JSON.stringify(args),
      headersTimeout: tryMs,
      bodyTimeout: tryMs,
    })
    const { statusCode: status } = answer
    const body: unknown = await answer.body.json().catch(() => ({}))
    if (status === 200) return z.object({ message: z.unknown() }).parse(body).message
    const { exception, retry_after: seconds } = refusal.parse(body)
    const said = exception || `${url.origin} answered ${status}`
    if (status === 401) {
      const which = 'Are BANK_CONNECTOR_KEY and BANK_CONNECTOR_SECRET those of the site here?'
      throw new CommandError([said, which])
    }
    if (status !== 429 && status < 500) throw new CommandError(said)
    throw new LaterError(said, seconds === undefined ? afterFailureMs : seconds * secondMs)
  }
}

/** Asks until there is an answer, and says once that there is none; undefined when somebody stopped it. */
async function patiently(
  { terminal: { complain } }: CommandContext,
  stopped: AbortSignal,
  asking: () => Promise<unknown>,
): Promise<unknown> {
  for (let isTold = false; !stopped.aborted; isTold = true) {
    try {
      return await asking()
    } catch (error) {
      if (error instanceof CommandError || error instanceof z.ZodError) throw error
      const why = inWords(error)
      if (!isTold) complain(`${why}: asking again until there is an answer`)
      const waitMs = error instanceof LaterError ? error.waitMs : afterFailureMs
      await pause(waitMs, undefined, { signal: stopped }).catch(() => {})
    }
  }
  return undefined
}

/** The system's code says enough of a connection that failed. */
function inWords(error: unknown): string {
  if (error instanceof LaterError) return error.message
  const { code, name } = error as NodeJS.ErrnoException
  return code ?? name
}

/** How a program took an event. */
interface Taken {
  status: number | null
  error: string | null
  tries: number
}

/** What the site's webhooks are signed with: given, or asked for, which is for a site's own key alone. */
async function secretOf(
  context: CommandContext,
  stopped: AbortSignal,
  site: Call,
): Promise<string> {
  const given = context.env['BANK_CONNECTOR_WEBHOOK_SECRET']?.trim()
  const answer = given
    ? { secret: given }
    : await patiently(context, stopped, () => site('get_webhook_secret', {}).catch(unable))
  const { secret } = z.object({ secret: z.string() }).parse(answer ?? { secret: '' })
  if (secret.startsWith('whsec_') || stopped.aborted) return secret
  throw new CommandError('BANK_CONNECTOR_WEBHOOK_SECRET must be the whsec_… of the site.')
}

/** Posts events as the relay does, each until it is taken or was tried three times. */
function forwarder(target: URL, secret: string) {
  const dispatcher = new Agent()

  async function once({ id, type, site, event }: Told, signal: AbortSignal) {
    const body = Buffer.from(JSON.stringify(event))
    const at = systemClock.now()
    try {
      const { status } = await ask(
        dispatcher,
        {
          origin: target.origin,
          path: `${target.pathname}${target.search}`,
          method: 'POST',
          body,
          headers: webhookHeaders({ id, type, site, at, body, secrets: [secret] }),
        },
        { ms: tryMs, signal, maxBytes: () => mostBytes },
      )
      return { status, error: null }
    } catch (error) {
      return { status: null, error: inWords(error) }
    }
  }

  return {
    async post(event: Told, signal: AbortSignal): Promise<Taken> {
      for (let tries = 1; ; tries += 1) {
        const answer = await once(event, signal)
        const isTaken = isDelivered(answer.status)
        const wait = waits[tries - 1]
        if (isTaken || wait === undefined || signal.aborted) return { ...answer, tries }
        await pause(wait, undefined, { signal }).catch(() => {})
      }
    },
    close: () => dispatcher.destroy(),
  }
}

function unable(error: unknown): never {
  if (!(error instanceof CommandError)) throw error
  throw new CommandError(
    [error.message, "Or set BANK_CONNECTOR_WEBHOOK_SECRET to the site's whsec_… yourself."],
    { cause: error },
  )
}

function tell(
  { terminal: { say, sayJson } }: CommandContext,
  event: Told,
  taken: Taken | undefined,
  { json }: Options,
): void {
  if (json) return sayJson({ ...event, ...(taken && { forwarded: taken }) })
  const { received_at: at, type, item_id: item } = event
  const answer = taken && (taken.status === null ? taken.error : String(taken.status))
  const tries = taken && taken.tries > 1 ? ` at try ${taken.tries}` : ''
  const words = [
    `${at.slice(0, 19)}Z`,
    type.padEnd(22),
    item === null ? '-' : String(item),
    ...(answer === undefined ? [] : [`${answer}${tries}`]),
  ]
  say(words.join('  '))
}
