import { existsSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { ConflictError } from '../db/store.ts'
import { CommandError } from './command-error.ts'
import { keyCommands } from './key.ts'
import { siteCommands } from './site.ts'
import { tenantCommands } from './tenant.ts'

const program = new Command('bank-api')
  .description('Manage a Bank API installation. Reads the same environment as the server.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

program.addCommand(tenantCommands())
program.addCommand(keyCommands())
program.addCommand(siteCommands())

/** 0 done, 1 refused or failed, 2 not understood. */
async function run(): Promise<number> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  try {
    await program.parseAsync()
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const known = [ConfigError, ConflictError, CommandError].some((kind) => error instanceof kind)
    const text = known ? (error as Error).message : ((error as Error).stack ?? String(error))
    process.stderr.write(`${text}\n`)
    return 1
  }
}

process.exitCode = await run()
