import { Command } from 'commander'
import { isLiving } from '../cluster/liveness.ts'
import type { CommandContext } from './context.ts'
import { age } from './listing.ts'
import { time } from './print.ts'

/** `bank-api member list` */
export function memberCommands({ printTable, withInstallation }: CommandContext): Command {
  const member = new Command('member').description('the server processes that serve this database')
  member
    .command('list')
    .description('where each runs, and when it last gave a sign of life')
    .option('--wide', 'every column, however wide')
    .option('--json')
    .action((options: { wide?: boolean; json?: boolean }) =>
      withInstallation(async ({ store, clock }) => {
        const members = await store.listMembers()
        const rows = members.map((each) => ({
          member: each.id,
          host: each.host,
          process: each.pid,
          seen: time(each.seenAt) ?? '',
          state: isLiving(each, clock.now()) ? 'living' : 'silent',
        }))
        printTable(rows, options, (row) => ({
          host: row.host,
          process: row.process,
          seen: `${age(Date.parse(row.seen), clock.now())} ago`,
          state: row.state,
        }))
      }),
    )
  return member
}
