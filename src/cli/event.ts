import { Command } from 'commander'
import type { ListedEvent } from '../db/ports/history.ts'
import { stateOfEvent } from '../db/rules/event-state.ts'
import { itemArgument } from './arguments.ts'
import type { CommandContext } from './context.ts'
import { bySince, given, listsHistory, type PageOptions } from './listing.ts'
import { time } from './print.ts'

interface ListOptions extends PageOptions {
  item?: number
  type?: string
}

/** `bank-api event …` */
export function eventCommands(context: CommandContext): Command {
  const event = new Command('event').description('what happened, as Bridge or we told it')

  const list = bySince(event.command('list'))
    .description(
      'list the events, newest first; of their delivery to sites `webhook list` tells more',
    )
    .option('--item <id>', 'of this bank connection', itemArgument)
    .option('--type <type>', 'as item.refreshed')
  listsHistory(context, list, {
    kind: 'event',
    find: (store, filter, page, { item, type }: ListOptions) =>
      store.listEvents({ ...filter, ...given({ itemId: item, type }) }, page),
    toRow,
    id: (row) => row.event,
    at: (row) => row.received,
    inBrief: ({ site, type, item, handled, delivery }) => ({
      site,
      type,
      item,
      state: handled === null ? 'to apply' : delivery,
    }),
  })
  return event
}

const toRow = (event: ListedEvent) => ({
  event: event.id,
  received: time(event.receivedAt) ?? '',
  tenant: event.tenant,
  site: event.site,
  type: event.type,
  item: event.itemId,
  handled: time(event.handledAt),
  failures: event.failures,
  delivery: stateOfEvent(event),
})
