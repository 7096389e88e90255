import { Command, InvalidArgumentError } from 'commander'
import type { CommandContext } from './context.ts'
import { tenantNamed } from './installation.ts'
import { time } from './print.ts'

interface ListOptions {
  tenant?: string
  since?: number
  action?: string
  limit: number
  json?: boolean
}

/** `bank-api audit …` */
export function auditCommands({ printTable, withInstallation }: CommandContext): Command {
  const audit = new Command('audit').description('who did what, newest first')

  audit
    .command('list', { isDefault: true })
    .option('--tenant <name>', 'of this tenant only')
    .option('--since <time>', 'from then on, as 2027-01-31', timeArgument)
    .option('--action <word>', 'as key, or key.refused')
    .option('--limit <number>', 'how many at most', countArgument, 100)
    .option('--json')
    .action((options: ListOptions) =>
      withInstallation(async ({ store }) => {
        const { tenant, since, action, limit } = options
        const names = new Map((await store.listTenants()).map(({ id, name }) => [id, name]))
        const entries = await store.listAudit({
          limit,
          ...(tenant !== undefined && { tenantId: (await tenantNamed(store, tenant)).id }),
          ...(since !== undefined && { since }),
          ...(action !== undefined && { action }),
        })
        const rows = entries.map(({ at, tenantId, actor, action, subject, count, detail }) => ({
          at: time(at),
          tenant: tenantId === null ? null : (names.get(tenantId) ?? tenantId),
          actor,
          action,
          subject,
          count,
          detail: detail === null ? null : JSON.stringify(detail),
        }))
        printTable(rows, options)
      }),
    )
  return audit
}

function timeArgument(text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('a date such as 2027-01-31.')
  return time
}

function countArgument(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('a number from 1.')
  return count
}
