import { setTimeout as wait } from 'node:timers/promises'
import { Command } from 'commander'
import { savedBridgeStatus } from '../bridge/admission/bridge-status.ts'
import type { RetentionKind } from '../db/ports/retention.ts'
import { countPastTime, createRetention } from '../retention/retention.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'

/** Leaves the database to the server between two batches. */
const breathMs = 20

/** `bank-api purge` */
export const purgeCommand = ({
  confirm,
  printOne,
  withInstallation,
  withProgress,
}: CommandContext): Command =>
  new Command('purge')
    .description('forget now what is past its time; the server does it once an hour')
    .option('--dry-run', 'tell how much would go, and forget nothing')
    .option('--yes', 'do not ask')
    .option('--json')
    .action((options: { dryRun?: boolean; yes?: boolean; json?: boolean }) =>
      withInstallation(async ({ store, clock, config, by }) => {
        const done: Partial<Record<RetentionKind, number>> = {}
        const { retention } = config
        const saved = savedBridgeStatus.safeParse((await store.readBridgeStatus())?.status)
        if (saved.data?.clockInDoubt) {
          throw new CommandError(
            'The clock was put forward, or disagrees with Bridge: nothing is forgotten. See `bank-api doctor`',
          )
        }
        const plan = () => countPastTime({ store, clock, retention })
        if (options.dryRun) return printOne(await plan(), options)
        await confirm({ name: 'purge', act: 'forget all this', plan }, options)
        const forget = createRetention({ store, clock, retention })
        await withProgress(async (tell) => {
          while (await forget(done)) {
            tell(`forgotten: ${Object.values(done).reduce((sum, count) => sum + count, 0)}`)
            await wait(breathMs)
          }
        })
        await store.audit({ ...by, action: 'purged', subject: 'installation', detail: done })
        printOne(done, options)
      }),
    )
