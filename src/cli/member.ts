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
    .description(
      'list the servers: where each runs, when it last gave a sign of life, and which leads',
    )
    .option('--wide', 'every column, however wide')
    .option('--json')
    .action((options: { wide?: boolean; json?: boolean }) =>
      withInstallation(async ({ store, clock }) => {
        const members = await store.listMembers()
        const rows = members.map((each) => {
          const isHere = isLiving(each, clock.now())
          return {
            member: each.id,
            host: each.host,
            process: each.pid,
            seen: time(each.seenAt) ?? '',
            state: isHere ? 'living' : 'silent',
            leads: isHere && each.leads,
          }
        })
        printTable(rows, options, (row) => ({
          host: row.host,
          process: row.process,
          seen: `${age(Date.parse(row.seen), clock.now())} ago`,
          state: row.state,
          leads: row.leads,
        }))
      }),
    )
  return member
}
