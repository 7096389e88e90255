import { Command, Option } from 'commander'
import type { ListedRequest } from '../db/ports/history.ts'
import type { RequestState } from '../db/ports/requests.ts'
import { userNameOf } from '../db/ports/users.ts'
import { overFrom } from '../db/rules/request-claim.ts'
import type { CommandContext } from './context.ts'
import { bySince, given, listsHistory, type PageOptions } from './listing.ts'
import { time } from './print.ts'

interface ListOptions extends PageOptions {
  user?: string
  state?: RequestState
}

const states = ['pending', 'completed', 'failed', 'expired']

/** `bank-api request …` */
export function requestCommands(context: CommandContext): Command {
  const request = new Command('request').description('the links that sites asked for')

  const list = bySince(request.command('list'))
    .description('list the requests, newest first; the links themselves are kept nowhere')
    .option('--user <name>', 'of this user, in any spelling')
    .addOption(new Option('--state <state>', 'how it stands').choices(states))
  listsHistory(context, list, {
    kind: 'request',
    find: (store, filter, page, { user, state }: ListOptions) =>
      store.listRequests({ ...filter, ...given({ userName: user, state }) }, page),
    toRow,
    id: (row) => row.request,
    at: (row) => row.opened,
    inBrief: ({ site, user, bank, state, item }) => ({ site, user, bank, state, item }),
  })
  return request
}

const toRow = ({ request, user, site, tenant }: ListedRequest) => ({
  request: request.id,
  opened: time(request.openedAt) ?? '',
  tenant,
  site: site.name,
  user: userNameOf(user),
  bank: request.bank,
  state: request.state,
  step: request.step,
  manages: request.managedItemId,
  item: request.itemId,
  completed: time(request.completedAt),
  expires: time(overFrom(request)),
})
