import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { runNode } from '../../../support/run-cli.ts'
import { testFolder } from '../../../support/store.ts'

const checkout = fileURLToPath(new URL('../../../..', import.meta.url))

/** An installation of the program. */
export interface Program {
  folder: string
  /** What starts its server. */
  entry: string
}

let made: Promise<Program> | undefined

/** A copy of the checkout with its bundle made, as `npm run build` leaves it: what an operator starts. One for all who ask. */
export const theProgram = (): Promise<Program> => (made ??= makeProgram())

async function makeProgram(): Promise<Program> {
  const folder = mkdtempSync(join(inject('runFolder'), 'program-'))
  for (const name of ['src', 'drizzle', 'package.json', 'package-lock.json']) {
    cpSync(join(checkout, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
  await bundle(folder)
  return { folder, entry: join(folder, 'src/start.js') }
}

/** The program as it was when PostgreSQL got its first migration: its bundle, as test/README.md says it was made. */
export function theFirstProgram(): Program {
  const folder = testFolder()
  const packed = join(checkout, 'test/fixtures/first-on-postgres.tar.gz')
  execFileSync('tar', ['-xzf', packed, '-C', folder])
  symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
  return { folder, entry: join(folder, 'dist/server.js') }
}

async function bundle(folder: string): Promise<void> {
  const file = join(folder, 'src/bundle.js')
  const { code, out, err } = await runNode(process.execPath, [file], { cwd: folder })
  if (code !== 0) throw new Error(`There is no bundle: ${out}${err}`)
}

interface Journal {
  entries: { idx: number; version: string; when: number; tag: string; breakpoints: boolean }[]
}

/** The same program as its next version may be: with one migration more, of these statements. */
export async function oneMigrationLater(
  program: Program,
  statements: readonly string[],
): Promise<Program> {
  const folder = testFolder()
  cpSync(program.folder, folder, { recursive: true, verbatimSymlinks: true })
  const migrations = join(folder, 'drizzle/postgres')
  const journalFile = join(migrations, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(journalFile, 'utf8')) as Journal
  const last = journal.entries.at(-1)!
  const tag = `${String(last.idx + 1).padStart(4, '0')}_expanded`
  writeFileSync(join(migrations, `${tag}.sql`), statements.join('\n--> statement-breakpoint\n'))
  journal.entries.push({ ...last, idx: last.idx + 1, when: last.when + 1, tag })
  writeFileSync(journalFile, JSON.stringify(journal))
  await bundle(folder) // one of files with another age would not be used
  return { folder, entry: join(folder, 'src/start.js') }
}
