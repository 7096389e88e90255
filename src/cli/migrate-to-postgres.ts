import { Command } from 'commander'
import { moveInstallation, rehearseMove } from '../backup/move.ts'
import { thisProcess } from '../cluster/process-identity.ts'
import { systemClock, systemIds } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { MoveError } from '../db/moving/move-error.ts'
import type { Progress } from '../db/moving/move.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { existingDatabase } from './installation.ts'

/** `bank-api migrate-to-postgres [URL] [--rehearse]` */
export function migrateToPostgresCommand({
  env,
  printOne,
  withProgress,
  terminal: { say },
}: CommandContext): Command {
  return new Command('migrate-to-postgres')
    .description(
      'copy everything from the file in DATA_DIR to PostgreSQL; the server must be stopped',
    )
    .argument(
      '[url]',
      'the database that takes it, empty; without it DATABASE_URL, or the file that DATABASE_URL_FILE names, where a password is seen by nobody',
    )
    .option('--rehearse', 'do all of it beside a running server, and leave nothing')
    .option('--json')
    .action(async (url: string | undefined, options: { rehearse?: boolean; json?: boolean }) => {
      const { rehearse = false } = options
      const config = loadConfig(without(env, serverVariables))
      const moving = {
        database: existingDatabase(config),
        config,
        url: targetOf(env, url),
        identity: thisProcess(),
        clock: systemClock,
        ids: systemIds,
      }
      const started = systemClock.now()
      const move = rehearse ? rehearseMove : moveInstallation
      const done = await withProgress((tell) =>
        move({ ...moving, onProgress: (at) => tell(toLine(at)) }),
      ).catch((error: unknown) => {
        if (error instanceof MoveError) throw new CommandError(error.message)
        throw error
      })
      const rows = Object.values(done.rows).reduce((sum, count) => sum + count, 0)
      const seconds = Math.round((systemClock.now() - started) / 1_000)
      const facts = { rows, verified: true, sealed_values_opened: done.opened, seconds }
      printOne({ [rehearse ? 'rehearsed' : 'moved']: moving.database, ...facts }, options)
      if (!options.json) say('', ...(rehearse ? afterRehearsal : afterMove(moving.database)))
    })
}

/** What says where rows are, by engine: both stand in the environment of who moves. */
const serverVariables = ['DATABASE_URL', 'DATABASE_URL_FILE', 'DATABASE_POOL']
const fileVariables = ['DATA_DIR', 'BACKUP_DIR', 'BACKUP_HOURS', 'BACKUP_KEEP']

type Env = CommandContext['env']

const without = (env: Env, names: readonly string[]): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))

function targetOf(env: Env, url: string | undefined): string {
  const given = url === undefined ? env : { ...without(env, serverVariables), DATABASE_URL: url }
  const { database } = loadConfig(without(given, fileVariables)).secrets
  if (typeof database !== 'string') return database.url
  throw new CommandError(
    'Say which database takes the installation: as an argument, in DATABASE_URL, or in a file that DATABASE_URL_FILE names.',
  )
}

const toLine = ({ step, table, rows, of }: Progress): string =>
  `${step} ${table}: ${rows.toLocaleString('en')} of ${of.toLocaleString('en')}`

const afterRehearsal = [
  'Nothing of it is left. The move takes about as long, while the server is stopped.',
]

const afterMove = (database: string): string[] => [
  'Next:',
  '1. Take DATA_DIR and BACKUP_… out of the environment, put DATABASE_URL or DATABASE_URL_FILE into it, and keep MASTER_KEY.',
  '2. Start the server, and run `bank-api doctor`.',
  `3. Keep ${database}, but let no server start on it again: it would send what the new one sends.`,
]
