import { Command, InvalidArgumentError } from 'commander'
import { nextStep } from '../connect/item-status.ts'
import type { Connection } from '../db/ports/items.ts'
import type { CommandContext } from './context.ts'
import { tenantNamed } from './installation.ts'
import { time } from './print.ts'
import { dayMs } from '../durations.ts'

interface ListOptions {
  tenant?: string
  expiring?: number
  json?: boolean
}

/** `bank-api item …` */
export function itemCommands({ printTable, withInstallation }: CommandContext): Command {
  const item = new Command('item').description('the bank connections of all sites')

  item
    .command('list')
    .description('the consent that ends first at the top')
    .option('--tenant <name>', 'whose')
    .option('--expiring <days>', 'only those whose consent ends within so many days', daysArgument)
    .option('--json')
    .action((options: ListOptions) =>
      withInstallation(async ({ store, clock }) => {
        const now = clock.now()
        const { tenant, expiring } = options
        const filter = {
          ...(tenant !== undefined && { tenantId: (await tenantNamed(store, tenant)).id }),
          ...(expiring !== undefined && { endsUntil: now + expiring * dayMs }),
        }
        const rows = (await store.listConnections(filter)).map((one) => toRow(one, now))
        printTable(options.json ? rows : rows.map(inBrief), options)
      }),
    )
  return item
}

const toRow = ({ tenant, site, user, item }: Connection, now: number) => {
  const { authenticationExpiresAt: end } = item
  return {
    tenant,
    site: site.name,
    user: user.name === '' ? null : user.name,
    item: item.id,
    bank: item.bank ?? item.providerName,
    status: item.status,
    status_code_info: item.statusCodeInfo,
    next: nextStep(item.status),
    last_success: time(item.lastSuccessAt),
    consent_ends: time(end),
    days_left: end === null ? null : Math.ceil((end - now) / dayMs),
  }
}

/** What fits on a line of a terminal. */
const inBrief = ({
  days_left,
  item,
  status,
  next,
  bank,
  tenant,
  site,
}: ReturnType<typeof toRow>) => ({
  days_left,
  item,
  status,
  next,
  bank,
  tenant,
  site,
})

function daysArgument(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('a number of days.')
  return Number(text)
}
