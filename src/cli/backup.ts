import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { copyInThread } from '../backup/copy-in-thread.ts'
import { copyName } from '../backup/folder.ts'
import { restoreCopy } from '../backup/restore.ts'
import { verifyCopy, type Verification } from '../backup/verify.ts'
import { systemClock } from '../clock.ts'
import { databasePath, loadConfig, type Config } from '../config.ts'
import { thisPlace } from '../lifecycle/place.ts'
import { CommandError } from './command-error.ts'
import { printOne } from './print.ts'
import { createProgress, megabytes } from './progress.ts'

/** `bank-api backup [--to DIR]` and `bank-api backup verify FILE` */
export function backupCommands(): Command {
  const backup = new Command('backup')
    .description('copy the database, also while the server writes to it')
    .option('--to <dir>', 'folder for the copy; BACKUP_DIR by default')
    .option('--json')
    .action(async (options: { to?: string; json?: boolean }) => {
      const config = loadConfig(process.env)
      const from = databasePath(config)
      if (!existsSync(from)) throw new CommandError(`There is no database at ${resolve(from)}`)
      const to = resolve(options.to ?? config.backup.dir, copyName(systemClock.now()))
      const progress = createProgress()
      const bytes = await copyInThread({ from, to }, (written) =>
        progress.tell(`copying: ${megabytes(written)}`),
      )
      progress.tell('verifying')
      const { ok, problems } = await verify(to, config)
      progress.end()
      if (!ok) throw new CommandError(`The copy at ${to} is no good: ${problems.join('; ')}`)
      printOne({ copy: to, bytes, verified: true }, options)
    })

  backup
    .command('verify')
    .description('check that a copy is whole, and that the present master key opens it')
    .argument('<file>')
    .option('--json')
    .action(async (file: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<{ json?: boolean }>()
      const { ok, problems, schema, migrations, counts } = await verify(
        file,
        loadConfig(process.env),
      )
      printOne(
        {
          ok,
          problems,
          schema,
          migrations: `${migrations.applied} of ${migrations.known}`,
          ...counts,
        },
        options,
      )
      if (!ok) process.exitCode = 1
    })
  return backup
}

/** `bank-api restore FILE` */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('put a copy in the place of the database; the server must be stopped')
    .argument('<file>', 'a copy made by `bank-api backup`')
    .option('--json')
    .action(async (file: string, options: { json?: boolean }) => {
      const config = loadConfig(process.env)
      const { ok, problems } = await verify(file, config)
      if (!ok) throw new CommandError(`${file} cannot be restored: ${problems.join('; ')}`)
      const { kept } = await restoreCopy({
        copy: resolve(file),
        database: databasePath(config),
        folder: join(config.dataDir, 'backups'),
        place: thisPlace(),
        clock: systemClock,
      })
      printOne({ restored: file, replaced_state: kept }, options)
    })
}

async function verify(file: string, config: Config): Promise<Verification> {
  if (!existsSync(file)) throw new CommandError(`There is no file ${file}`)
  return verifyCopy(file, { config }).catch((cause: unknown) => {
    throw new CommandError(`${file} is no database: ${(cause as Error).message}`, { cause })
  })
}
