import { existsSync, statSync } from 'node:fs'
import { copySigner } from '../vault/copy-signer.ts'
import { openInstance } from '../vault/unlock.ts'
import { secretRow } from '../vault/sealed-rows.ts'
import type { Clock } from '../clock.ts'
import { ConfigError, databasePath, type Config } from '../config.ts'
import type { CopySigner, SignerOf } from '../db/signer.ts'
import { wrappedPepperIn } from '../db/sqlite/file/copy.ts'
import { findMoved, inspectDatabase, type Inspection } from '../db/sqlite/file/inspect.ts'
import {
  isSignedWith,
  readShape,
  readSignature,
  type Signature,
} from '../db/sqlite/file/signature.ts'

export interface Verification {
  /** Whether a restore of this file would serve. */
  ok: boolean
  /** Every reason why not. Of a file that is not to be believed, nothing further is looked at. */
  problems: string[]
  /** What the operator takes upon themselves. */
  warnings: string[]
  /** Whose it is, in the word that `backup` and `backup verify` show; null when that cannot be known. */
  installation: string | null
  /** When it was made; null when nobody signed that. */
  madeAt: number | null
  contents: Pick<Inspection, 'schema' | 'migrations' | 'counts'> | null
}

const unsigned =
  'It carries no signature, so nothing proves that nobody changed it: keys may be revived in it, sites and connections given to another tenant, origins and webhook addresses replaced. Trust it as far as you trust everybody who could write to it.'

/**
 * Whether a copy can be restored here: made by this installation and untouched since, whole, of a schema this program
 * knows, and opened by the present master key. A file without a signature is refused unless `allowUnsigned`. SQLite reads
 * nothing of a file whose signature does not fit. Changes no byte of it.
 */
export async function verifyCopy(
  path: string,
  {
    config,
    clock,
    allowUnsigned = false,
  }: { config: Config; clock: Clock; allowUnsigned?: boolean },
): Promise<Verification> {
  const signerOf = copySigner(config, clock)
  const signature = readSignature(path)
  const found: Verification = {
    ok: false,
    problems: [],
    warnings: [],
    installation: signature?.installation ?? null,
    madeAt: null,
    contents: null,
  }
  const refused = (problem: string): Verification => ({ ...found, problems: [problem] })

  const beside = findBeside(path)
  if (beside) return refused(beside)
  if (signature) {
    const judged = judge(path, signature, signerOf)
    if (typeof judged === 'string') return refused(judged)
    found.madeAt = signature.madeAt
  } else if (readShape(path) === 'none') {
    return refused('it is no database')
  } else if (readShape(path) === 'cut') {
    return refused('its end was cut off, or something was added to it')
  } else if (allowUnsigned) {
    found.warnings.push(unsigned)
  } else {
    return refused(
      'it carries no signature, so nothing proves that nobody changed it; copies of older versions and of Litestream are taken with --allow-unsigned',
    )
  }

  let inspected: Inspection
  try {
    inspected = inspectDatabase(path)
  } catch (error) {
    return refused(`it is damaged (${(error as Error).message})`)
  }
  const { damage, instance, sample, ...contents } = inspected
  const problems = [...damage]
  if (contents.schema === 'foreign') problems.push('it is not a database of Bank API')
  if (contents.schema === 'newer') {
    problems.push('a newer bank-api wrote it: restore it with that version')
  }
  if (contents.schema !== 'foreign' && !instance) problems.push('it was never opened by a server')
  if (instance) {
    try {
      const { keyring } = openInstance(instance, config)
      if (sample) keyring.open(sample.sealed, secretRow(sample.siteId))
      found.installation = signerOf(instance.wrappedPepper).installation
      problems.push(...besidePresent(path, found, databasePath(config), signerOf))
    } catch (error) {
      const known = error instanceof ConfigError
      problems.push(...(known ? error.problems : ['a sealed row does not open: it was changed']))
    }
  }
  return { ...found, contents, ok: problems.length === 0, problems }
}

/**
 * What is wrong with a copy, by its last line alone: for copies that are too large to be read in passing. Undefined when the
 * present master key opens it; its content was not looked at.
 */
export function glanceAtCopy(
  path: string,
  { config, clock }: { config: Config; clock: Clock },
): string | undefined {
  const signature = readSignature(path)
  if (!signature) return 'it carries no signature: its end was cut off, or another tool made it'
  const opened = opener(signature, copySigner(config, clock))
  return typeof opened === 'string' ? opened : undefined
}

/** What is wrong with a signature, if anything is. */
function judge(path: string, signature: Signature, signerOf: SignerOf): string | undefined {
  const opened = opener(signature, signerOf)
  if (typeof opened === 'string') return opened
  if (isSignedWith(opened.key, path, signature)) return undefined
  return 'it was changed after it was made: its signature does not fit'
}

/** What the present master key makes of a signature, or why nothing. */
function opener({ wrappedPepper, installation }: Signature, signerOf: SignerOf) {
  try {
    return signerOf(wrappedPepper)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return `${error.problems.join('; ')} (the copy is of installation ${installation})`
  }
}

/** What is wrong with a copy beside the database in DATA_DIR, where that can be read. */
function besidePresent(
  copy: string,
  { installation, madeAt }: Verification,
  database: string,
  signerOf: SignerOf,
): string[] {
  const present = installationAt(database, signerOf)
  if (!present) return []
  if (present.installation !== installation) {
    return [
      `it is of another installation, ${installation}, and the database in DATA_DIR is of ${present.installation}`,
    ]
  }
  if (madeAt !== null) return []
  try {
    // Nobody signed it; but what never changes hands must stand as it stands here.
    const moved = findMoved(copy, database)
    return moved.length === 0
      ? []
      : [`it gives to others than the database in DATA_DIR: ${moved.join(', ')}`]
  } catch {
    return [] // one of the two cannot be read: restore says so
  }
}

/** How many rows the tables of a database have, as far as it can be read. */
export function countsAt(database: string): Record<string, number> {
  try {
    return existsSync(database) ? inspectDatabase(database).counts : {}
  } catch {
    return {} // damaged, which may be why it is replaced
  }
}

/** The installation whose database lies there, when there is one that the present master key opens. */
export function installationAt(database: string, signerOf: SignerOf): CopySigner | undefined {
  if (!existsSync(database)) return undefined
  try {
    return signerFor(database, signerOf)
  } catch {
    return undefined // damaged, or of another master key: nothing to compare with
  }
}

/** What signs copies of a database; undefined when no server ever opened it. Throws when its master key is not at hand. */
export function signerFor(database: string, signerOf: SignerOf): CopySigner | undefined {
  const pepper = wrappedPepperIn(database)
  return pepper && signerOf(pepper)
}

/** What is wrong with what lies beside a copy, if anything is: SQLite would read a log as a part of it. */
export function findBeside(path: string): string | undefined {
  const log = ['-wal', '-journal'].find(
    (tail) => (statSync(`${path}${tail}`, { throwIfNoEntry: false })?.size ?? 0) > 0,
  )
  return (
    log &&
    `a file *${log} lies beside it: a process has it open, or it was copied while a server ran`
  )
}
