import { Command } from 'commander'
import type { ListedCall } from '../db/ports/history.ts'
import { shortMethod, wholeMethod } from '../explain/call-verdict.ts'
import { statusArgument } from './arguments.ts'
import type { CommandContext } from './context.ts'
import { bySince, given, listsHistory, type PageOptions } from './listing.ts'
import { time } from './print.ts'

interface ListOptions extends PageOptions {
  method?: string
  status?: { from: number; until: number }
}

/** `bank-api call …` */
export function callCommands(context: CommandContext): Command {
  const call = new Command('call').description('what callers with a key asked, and how it ended')

  const list = bySince(call.command('list'))
    .description('list the calls, newest first')
    .option('--method <name>', 'as get_bank_accounts')
    .option('--status <status>', 'as 404, or 4xx', statusArgument)
  listsHistory(context, list, {
    kind: 'call',
    find: (store, filter, page, { method, status }: ListOptions) =>
      store.listCalls(
        { ...filter, ...given({ method: method && wholeMethod(method), status }) },
        page,
      ),
    toRow,
    id: (row) => row.call,
    at: (row) => row.at,
    inBrief: ({ site, tenant, method, status, code }) => ({
      site: site ?? tenant,
      method: shortMethod(method, code),
      status,
      code,
    }),
  })
  return call
}

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
