import { Command } from 'commander'
import { countArgument, pastArgument } from './arguments.ts'
import type { CommandContext } from './context.ts'
import { tenantNamed } from './installation.ts'
import { age } from './listing.ts'
import { time } from './print.ts'

interface ListOptions {
  tenant?: string
  since?: number
  action?: string
  limit: number
  wide?: boolean
  json?: boolean
}

/** `bank-api audit …` */
export function auditCommands({ printTable, withInstallation }: CommandContext): Command {
  const audit = new Command('audit').description('who did what, newest first')

  audit
    .command('list', { isDefault: true })
    .description('list what was done, newest first')
    .option('--tenant <name>', 'of this tenant only')
    .option('--since <time>', 'only what came since, as 2027-01-31 or 12h', pastArgument)
    .option('--action <word>', 'as key, or key.refused')
    .option('--limit <number>', 'how many at most', countArgument, 100)
    .option('--wide', 'every column, however wide')
    .option('--json')
    .action((options: ListOptions) =>
      withInstallation(async ({ store, clock }) => {
        const { tenant, since, action, limit } = options
        const names = new Map((await store.listTenants()).map(({ id, name }) => [id, name]))
        const entries = await store.listAudit({
          limit,
          ...(tenant !== undefined && { tenantId: (await tenantNamed(store, tenant)).id }),
          ...(since !== undefined && { since }),
          ...(action !== undefined && { action }),
        })
        const rows = entries.map(({ at, tenantId, actor, action, subject, count, detail }) => ({
          at: time(at) ?? '',
          tenant: tenantId === null ? null : (names.get(tenantId) ?? tenantId),
          actor,
          action,
          subject,
          count,
          detail: detail === null ? null : JSON.stringify(detail),
        }))
        printTable(rows, options, (row) => ({
          age: age(Date.parse(row.at), clock.now()),
          actor: row.actor,
          action: row.action,
          subject: row.subject,
          count: row.count,
        }))
      }),
    )
  return audit
}
