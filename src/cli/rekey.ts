import { setTimeout as wait } from 'node:timers/promises'
import { Command } from 'commander'
import { masterKeysOf } from '../vault/master-keys.ts'
import { livingServers } from '../cluster/liveness.ts'
import { rekey, RekeyStoppedError, ServerUnawareError } from '../vault/rekey.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'

/** `bank-api rekey` */
export const rekeyCommand = ({
  printOne,
  stopped,
  withInstallation,
  withProgress,
}: CommandContext): Command =>
  new Command('rekey')
    .description(
      'wrap all keys with the first MASTER_KEY and seal everything anew, beside the server',
    )
    .option('--json')
    .action((options: { json?: boolean }) =>
      withInstallation(async (installation) => {
        const { config, by } = installation
        const masterKeys = masterKeysOf(config)
        const living = () => livingServers(installation)
        const deps = {
          ...installation,
          masterKeys,
          livingServers: living,
          wait,
          stopped: stopped(),
        }
        const done = await withProgress((tell) => {
          tell('waiting for the servers')
          return rekey({ ...deps, onSealed: (count) => tell(`sealed anew: ${count}`) }, by)
        }).catch((error: unknown) => {
          const isRefused =
            error instanceof ServerUnawareError || error instanceof RekeyStoppedError
          throw isRefused ? new CommandError(error.message) : error
        })
        printOne({ ...done }, options)
      }),
    )
