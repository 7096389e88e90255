import { Command, CommanderError } from 'commander'
import { BridgeError } from '../bridge/errors.ts'
import { ConfigError } from '../config.ts'
import { ConflictError, DatabaseVersionError } from '../db/store.ts'
import { DatabaseInUseError } from '../db/store.ts'
import { addEnvFile } from '../env-file.ts'
import { ValidationError } from '../errors.ts'
import { sentenceOf } from '../terminal/system-errors.ts'
import { complain, linesIn, say } from '../terminal/terminal.ts'
import { auditCommands } from './audit.ts'
import { backupCommands, restoreCommand } from './backup.ts'
import { CommandError } from './command-error.ts'
import { doctorCommand } from './doctor.ts'
import { explainCommand } from './explain.ts'
import { importCommand } from './import.ts'
import { itemCommands } from './item.ts'
import { keyCommands } from './key.ts'
import { purgeCommand } from './purge.ts'
import { rekeyCommand } from './rekey.ts'
import { quotaCommand } from './quota.ts'
import { siteCommands } from './site.ts'
import { tenantCommands } from './tenant.ts'
import { webhookCommands } from './webhook.ts'

const program = new Command('bank-api')
  .description('Manage a Bank API installation. Reads the same environment as the server.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

program.addCommand(tenantCommands())
program.addCommand(keyCommands())
program.addCommand(siteCommands())
program.addCommand(itemCommands())
program.addCommand(webhookCommands())
program.addCommand(quotaCommand())
program.addCommand(auditCommands())
program.addCommand(rekeyCommand())
program.addCommand(purgeCommand())
program.addCommand(backupCommands())
program.addCommand(restoreCommand())
program.addCommand(importCommand())
program.addCommand(explainCommand())
program.addCommand(doctorCommand())

// Commander hands its settings to no command that was built apart: each would exit with 1 by itself.
const asOurs = (command: Command): void => {
  command.exitOverride()
  command.configureOutput({
    writeOut: (text) => say(...linesIn(text)),
    writeErr: (text) => complain(...linesIn(text)),
  })
  command.commands.forEach(asOurs)
}
asOurs(program)

/** 0 done, 1 refused or failed, 2 not understood. */
async function run(): Promise<number> {
  try {
    addEnvFile(process.env)
    await program.parseAsync()
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const known = [
      ConflictError,
      DatabaseVersionError,
      DatabaseInUseError,
      BridgeError,
      ValidationError,
    ].some((kind) => error instanceof kind)
    if (error instanceof CommandError) complain(...error.lines)
    else if (error instanceof ConfigError) complain(...linesIn(error.message))
    else if (known) complain((error as Error).message)
    else complain(...linesIn(sentenceOf(error) ?? (error as Error).stack ?? String(error)))
    return 1
  }
}

const code = await run()
if (code !== 0) process.exitCode = code
