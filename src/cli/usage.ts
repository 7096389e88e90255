import { Command, InvalidArgumentError } from 'commander'
import type { Usage } from '../db/ports/usage.ts'
import { isMonth, monthOf } from '../db/rules/usage-month.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { whoseIn } from './listing.ts'

interface UsageOptions {
  month?: string
  tenant?: string
  csv?: boolean
  json?: boolean
}

/** `bank-api usage` */
export function usageCommand({
  printTable,
  withInstallation,
  withProgress,
  terminal: { say },
}: CommandContext): Command {
  return new Command('usage')
    .description('what each site used in a month: connections, calls, webhooks, renewals in time')
    .option('--month <month>', 'as 2027-01; this month when left out', monthArgument)
    .option('--tenant <name>', 'of this tenant only')
    .option('--csv', 'for a spreadsheet')
    .option('--json')
    .action((options: UsageOptions) =>
      withInstallation(async ({ store, clock }) => {
        if (options.csv && options.json) throw new CommandError('Give --csv or --json, not both')
        const month = options.month ?? monthOf(clock.now())
        const whose = await whoseIn(store, options)
        const used = await withProgress((tell) => {
          tell(`adding up ${month}`)
          return store.listUsage(month, whose)
        })
        if (options.csv) return say(...toCsv(month, used))
        printTable(
          used.map((one) => ({ month, ...one })),
          options,
          ({ tenant, site, connections, calls, webhooks, renewals }) => ({
            tenant,
            site: site ?? 'its own keys',
            connections,
            calls,
            webhooks,
            renewals,
          }),
        )
      }),
    )
}

const columns = ['tenant', 'site', 'connections', 'calls', 'webhooks', 'renewals'] as const

const toCsv = (month: string, used: readonly Usage[]): string[] => [
  ['month', ...columns].join(','),
  ...used.map((one) => [month, ...columns.map((column) => cell(one[column]))].join(',')),
]

/** Tenants choose names: a spreadsheet must take none for a formula. */
function cell(value: string | number | null): string {
  const text = String(value ?? '').replace(/^[=+\-@]/, "'$&")
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function monthArgument(text: string): string {
  if (!isMonth(text)) throw new InvalidArgumentError('Give a month such as 2027-01.')
  return text
}
