import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { copySigner } from '../vault/copy-signer.ts'
import { copyInThread } from '../backup/copy-in-thread.ts'
import { copyName } from '../backup/folder.ts'
import { CopyRefusedError, isThere, restoreCopy, type Restored } from '../backup/restore.ts'
import { countsAt, signerFor, verifyCopy, type Verification } from '../backup/verify.ts'
import { systemClock } from '../clock.ts'
import { loadConfig, type Config } from '../config.ts'
import { thisProcess } from '../cluster/process-identity.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { databaseFile, existingDatabase } from './installation.ts'
import { time, type Row } from './print.ts'
import { megabytes } from './progress.ts'

/** `bank-api backup [--to DIR]` and `bank-api backup verify FILE` */
export function backupCommands({ env, exitWith, printOne, withProgress }: CommandContext): Command {
  const backup = new Command('backup')
    .description('copy the database, also while the server writes to it')
    .option('--to <dir>', 'folder for the copy; BACKUP_DIR by default')
    .option('--json')
    .action(async (options: { to?: string; json?: boolean }) => {
      const config = loadConfig(env)
      const from = existingDatabase(config)
      const signer = signerFor(from, copySigner(config, systemClock))
      if (!signer) throw new CommandError(`No server ever opened ${resolve(from)}`)
      const to = resolve(options.to ?? config.backup.dir, copyName(systemClock.now()))
      const { bytes, ok, problems } = await withProgress(async (tell) => {
        const copied = await copyInThread({ from, to, signer }, (written) =>
          tell(`copying: ${megabytes(written)}`),
        )
        tell('verifying')
        return { bytes: copied, ...(await verify(to, config)) }
      })
      if (!ok) throw new CommandError(`The copy at ${to} is no good: ${problems.join('; ')}`)
      printOne({ copy: to, bytes, installation: signer.installation, verified: true }, options)
    })

  backup
    .command('verify')
    .description('check that a copy is whole, of this installation, and as it was made')
    .argument('<file>')
    .option('--allow-unsigned', allowUnsigned)
    .option('--json')
    .action(async (file: string, own: { allowUnsigned?: boolean }, command: Command) => {
      const options = command.optsWithGlobals<{ json?: boolean }>()
      const config = loadConfig(env)
      databaseFile(config)
      const found = await withProgress((tell) => {
        tell('verifying')
        return verify(file, config, own)
      })
      const { ok, problems, warnings, installation, madeAt, contents } = found
      const { schema, migrations, counts } = contents ?? {}
      printOne(
        {
          ok,
          problems,
          warnings,
          installation,
          made: time(madeAt),
          schema: schema ?? null,
          migrations: migrations ? `${migrations.applied} of ${migrations.known}` : null,
          ...counts,
        },
        options,
      )
      if (!ok) exitWith(1)
    })
  return backup
}

const allowUnsigned =
  'take a copy of an older version or of another tool, though nothing proves that nobody changed it'

/** `bank-api restore FILE` */
export function restoreCommand({ confirm, env, printOne, withProgress }: CommandContext): Command {
  return new Command('restore')
    .description('put a copy in the place of the database; the server must be stopped')
    .argument('<file>', 'a copy made by `bank-api backup`')
    .option('--allow-unsigned', allowUnsigned)
    .option('--disable-tenants', 'let every tenant start disabled, until `tenant enable`')
    .option('--yes', 'do not ask')
    .option('--json')
    .action(
      async (
        file: string,
        {
          yes,
          ...options
        }: { allowUnsigned?: boolean; disableTenants?: boolean; yes?: boolean; json?: boolean },
      ) => {
        const config = loadConfig(env)
        databaseFile(config)
        refuseMissing(file)
        const plan = () => planOf(file, config, options)
        await confirm({ name: 'restore', act: 'replace the database', plan }, { yes })
        const done = await withProgress((tell) => {
          tell('restoring')
          return restoreCopy({
            ...options,
            copy: resolve(file),
            config,
            identity: thisProcess(),
            clock: systemClock,
          })
        }).catch((cause: unknown) => {
          if (!(cause instanceof CopyRefusedError)) throw cause
          throw new CommandError(`${file} was not restored: ${cause.message}`, { cause })
        })
        printOne({ restored: file, ...toRow(done) }, options)
      },
    )
}

/** What an operator compares before a copy takes the place of the database. */
const compared = ['tenants', 'sites', 'api_keys', 'bridge_users', 'items', 'events']

async function planOf(
  file: string,
  config: Config,
  options: { allowUnsigned?: boolean },
): Promise<Row> {
  const { ok, problems, warnings, madeAt, contents } = await verify(file, config, options)
  if (!ok) throw new CommandError(`${file} was not restored: ${problems.join('; ')}`)
  const database = databaseFile(config)
  const replaces = isThere(database) ? resolve(database) : null
  const present = countsAt(database)
  const rows = compared.map((table) => [
    table,
    `${contents?.counts[table] ?? 0} in the copy, ${present[table] ?? 'unknown'} now`,
  ])
  return {
    restores: file,
    made: time(madeAt),
    warnings,
    replaces,
    ...(replaces !== null && (Object.fromEntries(rows) as Row)),
  }
}

/** What was restored, and what the operator has to know of it. */
function toRow({
  verification: { madeAt, warnings },
  kept,
  carried,
  unknown,
  unknownKeys,
  tenantsDisabled,
}: Restored) {
  const ended = Object.entries(carried ?? {}).filter(([, names]) => names.length > 0)
  const since = madeAt === null ? 'the copy was made' : `${time(madeAt)}`
  const advice =
    tenantsDisabled.length > 0
      ? 'All tenants are disabled: look at `bank-api key list`, revoke what has to be, then `bank-api tenant enable` each.'
      : 'It works again: look at `bank-api key list` before the server starts. With --disable-tenants all start disabled.'
  return {
    made: time(madeAt),
    replaced_state: kept,
    warnings: unknown
      ? [
          ...warnings,
          `What was revoked, rotated, disabled or deleted since ${since} cannot be known, for ${unknown}. ${advice}`,
        ]
      : warnings,
    ...Object.fromEntries(ended),
    ...(unknown && { keys_of_unknown_state: unknownKeys }),
    ...(tenantsDisabled.length > 0 && { tenants_start_disabled: tenantsDisabled }),
  }
}

function refuseMissing(file: string): void {
  // What we have no right to see is told as that, not as missing.
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) throw new CommandError(`There is no file ${file}`)
  // A pipe would be waited for without end.
  if (!found.isFile()) throw new CommandError(`${file} is no file`)
  accessSync(file, constants.R_OK)
}

async function verify(
  file: string,
  config: Config,
  options: { allowUnsigned?: boolean } = {},
): Promise<Verification> {
  refuseMissing(file)
  return verifyCopy(file, { config, clock: systemClock, ...options })
}
