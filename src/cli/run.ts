import { Command, CommanderError } from 'commander'
import { BridgeError } from '../bridge/bridge-errors.ts'
import { ConfigError } from '../config.ts'
import {
  ConflictError,
  DatabaseInUseError,
  DatabaseVersionError,
  StoreAwayError,
} from '../db/store-errors.ts'
import { addEnvFile } from '../env-file.ts'
import { ValidationError } from '../errors.ts'
import { sentenceOf } from '../terminal/system-errors.ts'
import { linesIn, type Terminal } from '../terminal/terminal.ts'
import { version } from '../version.ts'
import { applyCommand } from './apply.ts'
import { auditCommands } from './audit.ts'
import { callCommands } from './call.ts'
import { consoleCommands } from './console.ts'
import { backupCommands, restoreCommand } from './backup.ts'
import { CommandError } from './command-error.ts'
import { createContext, type CommandContext, type ExitCode, type Surroundings } from './context.ts'
import { doctorCommand } from './doctor.ts'
import { eventCommands } from './event.ts'
import { explainCommand } from './explain.ts'
import { importCommand } from './import.ts'
import { itemCommands } from './item.ts'
import { keyCommands } from './key.ts'
import { memberCommands } from './member.ts'
import { migrateToPostgresCommand } from './migrate-to-postgres.ts'
import { purgeCommand } from './purge.ts'
import { quotaCommand } from './quota.ts'
import { requestCommands } from './request.ts'
import { rekeyCommand } from './rekey.ts'
import { sandboxCommands } from './sandbox.ts'
import { siteCommands } from './site.ts'
import { tenantCommands } from './tenant.ts'
import { usageCommand } from './usage.ts'
import { userCommands } from './user.ts'
import { webhookCommands } from './webhook.ts'

/**
 * Runs one command of `bank-api`, given by its words, and resolves with its exit code once all it printed has gone out.
 * `env` gains the variables of `.env`.
 */
export async function runCli(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const context = createContext(surroundings)
  const { env, exitCode, exitWith, terminal } = context
  try {
    addEnvFile(env)
    await programOf(context).parseAsync(argv, { from: 'user' })
  } catch (error) {
    exitWith(tellFailure(error, terminal))
  }
  await terminal.flush()
  return exitCode()
}

/** The command line, as commander has it. */
export function programOf(context: CommandContext): Command {
  const program = new Command('bank-api')
    .description('Manage a Bank API installation. Reads the same environment as the server.')
    .version(version, '--version', 'tell the version')
    .configureHelp({ showGlobalOptions: true })
  for (const commandOf of commands) program.addCommand(commandOf(context))
  bind(program, context.terminal)
  return program
}

/** In the order of the help. */
const commands = [
  tenantCommands,
  keyCommands,
  siteCommands,
  userCommands,
  requestCommands,
  itemCommands,
  callCommands,
  eventCommands,
  webhookCommands,
  applyCommand,
  usageCommand,
  quotaCommand,
  memberCommands,
  auditCommands,
  consoleCommands,
  rekeyCommand,
  purgeCommand,
  backupCommands,
  restoreCommand,
  migrateToPostgresCommand,
  importCommand,
  explainCommand,
  doctorCommand,
  sandboxCommands,
]

/** Commander hands its settings to no command that was built apart: each would end the process with 1 by itself. */
function bind(command: Command, terminal: Terminal): void {
  const { columns, complain, say } = terminal
  command.exitOverride()
  command.configureOutput({
    writeOut: (text) => say(...linesIn(text)),
    writeErr: (text) => complain(...linesIn(text)),
    getOutHelpWidth: columns,
    getErrHelpWidth: columns,
  })
  for (const each of command.commands) bind(each, terminal)
}

/** Says what went wrong, in a line or two wherever the operator can act on it. */
function tellFailure(error: unknown, { complain }: Terminal): ExitCode {
  // Commander has told it already; asking for help is no mistake.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const known = [
    ConflictError,
    DatabaseVersionError,
    DatabaseInUseError,
    StoreAwayError,
    BridgeError,
    ValidationError,
  ].some((kind) => error instanceof kind)
  if (error instanceof CommandError) complain(...error.lines)
  else if (error instanceof ConfigError) complain(...linesIn(error.message))
  else if (known) complain((error as Error).message)
  else complain(...linesIn(sentenceOf(error) ?? (error as Error).stack ?? String(error)))
  return error instanceof CommandError ? error.exitCode : 1
}
