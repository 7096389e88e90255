import { Command } from 'commander'
import type { ListedUser } from '../db/ports/history.ts'
import type { CommandContext } from './context.ts'
import {
  age,
  byWhose,
  inPages,
  pageIn,
  printPage,
  whoseIn,
  type PageOptions,
  type WhoseOptions,
} from './listing.ts'
import { time } from './print.ts'

interface ListOptions extends WhoseOptions, PageOptions {
  name?: string
}

/** `bank-api user …` */
export function userCommands(context: CommandContext): Command {
  const user = new Command('user').description('the people of sites, as Bridge knows them')

  inPages(byWhose(user.command('list')))
    .description('newest first')
    .option('--name <name>', 'of this name, in any spelling')
    .action((options: ListOptions) =>
      context.withInstallation(async ({ store, clock }) => {
        const { name } = options
        const filter = {
          ...(await whoseIn(store, options)),
          ...(name !== undefined && { name }),
        }
        const users = await store.listUsers(filter, await pageIn(store, options, 'user'))
        const inBrief = (row: ReturnType<typeof toRow>) => ({
          age: age(Date.parse(row.created), clock.now()),
          site: row.site,
          user: row.user,
          items: row.items,
        })
        printPage(context, users.map(toRow), { id: (row) => row.id, inBrief }, options)
      }),
    )
  return user
}

const toRow = ({ user, site, tenant, createdAt, items }: ListedUser) => ({
  id: user.id,
  created: time(createdAt) ?? '',
  tenant,
  site: site.name,
  user: user.name === '' ? null : user.name,
  bridge_user: user.userUuid,
  items,
})
