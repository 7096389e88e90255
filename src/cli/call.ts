import { Command } from 'commander'
import type { ListedCall } from '../db/ports/history.ts'
import { shortMethod } from '../explain/call-verdict.ts'
import { statusArgument } from './arguments.ts'
import type { CommandContext } from './context.ts'
import {
  age,
  byWhose,
  bySince,
  inPages,
  pageIn,
  printPage,
  whoseIn,
  type PageOptions,
  type WhoseOptions,
} from './listing.ts'
import { time } from './print.ts'

interface ListOptions extends WhoseOptions, PageOptions {
  method?: string
  status?: { from: number; until: number }
  since?: number
}

/** `bank-api call …` */
export function callCommands(context: CommandContext): Command {
  const call = new Command('call').description('what callers with a key asked, and how it ended')

  inPages(bySince(byWhose(call.command('list'))))
    .description('newest first')
    .option('--method <name>', 'as get_bank_accounts')
    .option('--status <status>', 'as 404, or 4xx', statusArgument)
    .action((options: ListOptions) =>
      context.withInstallation(async ({ store, clock }) => {
        const { method, status, since } = options
        const filter = {
          ...(await whoseIn(store, options)),
          ...(method !== undefined && { method: wholeMethod(method) }),
          ...(status !== undefined && { status }),
          ...(since !== undefined && { since }),
        }
        const calls = await store.listCalls(filter, await pageIn(store, options, 'call'))
        const inBrief = (row: ReturnType<typeof toRow>) => ({
          age: age(Date.parse(row.at), clock.now()),
          site: row.site ?? row.tenant,
          method: shortMethod(row.method),
          status: row.status,
          code: row.code,
        })
        printPage(context, calls.map(toRow), { id: ({ call: id }) => id, inBrief }, options)
      }),
    )
  return call
}

const wholeMethod = (name: string): string =>
  /[./]/.test(name) || name === 'ping' ? name : `bank_api.bridge.${name}`

const toRow = (call: ListedCall) => ({
  call: call.id,
  at: time(call.at) ?? '',
  tenant: call.tenant,
  site: call.site,
  key: call.apiKey,
  method: call.method,
  status: call.status,
  code: call.refusal?.code ?? null,
  message: call.refusal?.message ?? null,
  limit: call.refusal?.limit ?? null,
  request: call.request,
  item: call.itemId,
  ms: call.durationMs,
})
