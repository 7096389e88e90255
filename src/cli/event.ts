import { Command } from 'commander'
import type { ListedEvent } from '../db/ports/history.ts'
import { itemArgument } from './arguments.ts'
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
  item?: number
  type?: string
  since?: number
}

/** `bank-api event …` */
export function eventCommands(context: CommandContext): Command {
  const event = new Command('event').description('what happened, as Bridge or we told it')

  inPages(bySince(byWhose(event.command('list'))))
    .description('newest first; of their delivery to sites `webhook list` tells more')
    .option('--item <id>', 'of this bank connection', itemArgument)
    .option('--type <type>', 'as item.refreshed')
    .action((options: ListOptions) =>
      context.withInstallation(async ({ store, clock }) => {
        const { item, type, since } = options
        const filter = {
          ...(await whoseIn(store, options)),
          ...(item !== undefined && { itemId: item }),
          ...(type !== undefined && { type }),
          ...(since !== undefined && { since }),
        }
        const events = await store.listEvents(filter, await pageIn(store, options, 'event'))
        const inBrief = (row: ReturnType<typeof toRow>) => ({
          age: age(Date.parse(row.received), clock.now()),
          site: row.site,
          type: row.type,
          item: row.item,
          state: row.handled === null ? 'to apply' : row.delivery,
        })
        printPage(context, events.map(toRow), { id: (row) => row.event, inBrief }, options)
      }),
    )
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
  delivery: event.delivery?.state ?? 'kept',
})
