import { Command } from 'commander'
import type { ListedUser } from '../db/ports/history.ts'
import { userNameOf } from '../db/ports/users.ts'
import type { CommandContext } from './context.ts'
import { given, listsHistory, type PageOptions } from './listing.ts'
import { time } from './print.ts'

/** `bank-api user …` */
export function userCommands(context: CommandContext): Command {
  const user = new Command('user').description('the people of sites, as Bridge knows them')

  const list = user
    .command('list')
    .description('list the users, newest first')
    .option('--name <name>', 'of this name, in any spelling')
  listsHistory(context, list, {
    kind: 'user',
    find: (store, filter, page, { name }: PageOptions & { name?: string }) =>
      store.listUsers({ ...filter, ...given({ name }) }, page),
    toRow,
    id: (row) => row.id,
    at: (row) => row.created,
    inBrief: ({ site, user, items }) => ({ site, user, items }),
  })
  return user
}

const toRow = ({ user, site, tenant, createdAt, items, ...mails }: ListedUser) => ({
  id: user.id,
  created: time(createdAt) ?? '',
  tenant,
  site: site.name,
  user: userNameOf(user),
  bridge_user: user.userUuid,
  items,
  reminders_stopped: time(mails.mailStoppedAt),
  reminders_refused: mails.mailRefusals,
})
