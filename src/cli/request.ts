import { Command, Option } from 'commander'
import type { ListedRequest } from '../db/ports/history.ts'
import type { RequestState } from '../db/ports/requests.ts'
import type { CommandContext } from './context.ts'
import {
  age,
  bySince,
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
  user?: string
  state?: RequestState
  since?: number
}

/** `bank-api request …` */
export function requestCommands(context: CommandContext): Command {
  const request = new Command('request').description('the links that sites asked for')

  inPages(bySince(byWhose(request.command('list'))))
    .description('newest first; the links themselves are kept nowhere')
    .option('--user <name>', 'of this user, in any spelling')
    .addOption(
      new Option('--state <state>', 'how it stands').choices([
        'pending',
        'completed',
        'failed',
        'expired',
      ]),
    )
    .action((options: ListOptions) =>
      context.withInstallation(async ({ store, clock }) => {
        const { user, state, since } = options
        const filter = {
          ...(await whoseIn(store, options)),
          ...(user !== undefined && { userName: user }),
          ...(state !== undefined && { state }),
          ...(since !== undefined && { since }),
        }
        const requests = await store.listRequests(filter, await pageIn(store, options, 'request'))
        const inBrief = (row: ReturnType<typeof toRow>) => ({
          age: age(Date.parse(row.opened), clock.now()),
          site: row.site,
          user: row.user,
          bank: row.bank,
          state: row.state,
          item: row.item,
        })
        printPage(context, requests.map(toRow), { id: (row) => row.request, inBrief }, options)
      }),
    )
  return request
}

const toRow = ({ request, user, site, tenant }: ListedRequest) => ({
  request: request.id,
  opened: time(request.openedAt) ?? '',
  tenant,
  site: site.name,
  user: user.name === '' ? null : user.name,
  bank: request.bank,
  state: request.state,
  step: request.step,
  manages: request.managedItemId,
  item: request.itemId,
  completed: time(request.completedAt),
  expires: time(request.expiresAt),
})
