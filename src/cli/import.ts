import { Command } from 'commander'
import { importUsers } from './import-users.ts'
import { readMappings } from './mappings.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { tenantNamed } from './installation.ts'
import { readText } from './text-file.ts'

/** `bank-api import FILE --tenant T` */
export function importCommand({
  exitWith,
  printOne,
  withInstallation,
  withProgress,
  terminal: { say },
}: CommandContext): Command {
  return new Command('import')
    .description('take over users from another Bank API: site, user and Bridge user uuid')
    .argument('<file>', 'CSV with the header site,user,user_uuid, or a JSON list of the same')
    .requiredOption('--tenant <name>', 'whose sites')
    .option('--dry-run', 'say what would happen, store nothing')
    .option('--json')
    .action((file: string, options: { tenant: string; dryRun?: boolean; json?: boolean }) =>
      withInstallation(async (installation) => {
        const tenant = await tenantNamed(installation.store, options.tenant)
        const { mappings, problems } = readMappings(readText(file))
        if (problems.length > 0) throw new CommandError(problems)

        const { dryRun = false } = options
        const { imported, present, refused } = await withProgress((tell) =>
          importUsers(installation, tenant, mappings, {
            dryRun,
            onEach: (done) => tell(`importing: ${done} of ${mappings.length}`),
          }),
        )
        const name = dryRun ? 'would_import' : 'imported'
        // A user that Bridge does not know shows when it is first asked for; one call each would spend the server's quota.
        const counts = { [name]: imported, present, checked_with_bridge: false }
        if (options.json) printOne({ ...counts, refused }, options)
        else {
          printOne({ ...counts, refused: refused.length }, options)
          if (refused.length > 0) say('', ...refused)
        }
        if (refused.length > 0) exitWith(1)
      }),
    )
}
