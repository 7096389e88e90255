import { Command, InvalidArgumentError } from 'commander'
import { whatNext } from '../connect/item-status.ts'
import { bankOf, type Connection } from '../db/ports/items.ts'
import { userNameOf } from '../db/ports/users.ts'
import { itemArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { byWhose, whoseIn, type WhoseOptions } from './listing.ts'
import { inNamedPages, pageSize, printNamedPage, type NamedPageOptions } from './named-pages.ts'
import { time } from './print.ts'
import { dayMs } from '../durations.ts'

interface ListOptions extends WhoseOptions, Omit<NamedPageOptions, 'after'> {
  after?: number
  expiring?: number
}

/** `bank-api item …` */
export function itemCommands(context: CommandContext): Command {
  const { printOne, withInstallation } = context
  const item = new Command('item').description('the bank connections of all sites')

  inNamedPages(byWhose(item.command('list')), 'item', itemArgument)
    .description('list the bank connections, by the end of their consent')
    .option('--expiring <days>', 'only those whose consent ends within so many days', daysArgument)
    .action((options: ListOptions) =>
      withInstallation(async ({ store, clock }) => {
        const now = clock.now()
        const { expiring, after, ...how } = options
        const filter = {
          ...(await whoseIn(store, options)),
          ...(expiring !== undefined && { endsUntil: now + expiring * dayMs }),
        }
        if (after !== undefined && !(await store.listConnections({ ...filter, id: after })).length)
          throw new CommandError(`${after} is not in this list`)
        // One more than is printed tells whether there are more: of all, hundreds of thousands may be too many to read.
        const limit = pageSize(how) + 1
        const found = await store.listConnections(filter, {
          ...(after !== undefined && { after }),
          ...(Number.isFinite(limit) && { limit }),
        })
        const rows = found.map((one) => toRow(one, now))
        printNamedPage(context, rows, { name: ({ item: id }) => String(id), inBrief }, how)
      }),
    )

  item
    .command('show')
    .description('one bank connection, also one that is gone; `explain` tells what happened to it')
    .argument('<id>', "Bridge's number of it", itemArgument)
    .option('--json')
    .action((id: number, options: { json?: boolean }) =>
      withInstallation(async ({ store, clock }) => {
        const [held] = await store.listConnections({ id, withGone: true })
        if (!held) throw new CommandError(`Item ${id} is held by nobody here`)
        const { item: one } = held
        const accounts = await store.listAccounts(id)
        const row = {
          ...toRow(held, clock.now()),
          accounts: accounts.map((account) => String(account.id)),
          stored: time(one.createdAt),
          last_try: time(one.lastTryAt),
          not_found: time(one.unreachableAt),
          gone: time(one.goneAt),
        }
        printOne(row, options)
      }),
    )
  return item
}

const toRow = ({ tenant, site, user, item }: Connection, now: number) => {
  const { authenticationExpiresAt: end } = item
  return {
    tenant,
    site: site.name,
    user: userNameOf(user),
    item: item.id,
    bank: bankOf(item),
    status: item.status,
    status_code_info: item.statusCodeInfo,
    next: whatNext(item, now).next,
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
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('Give a number of days.')
  return Number(text)
}
