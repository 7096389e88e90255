import { existsSync, statSync } from 'node:fs'
import { copySigner } from '../auth/copy-signer.ts'
import { openInstance } from '../auth/instance.ts'
import type { Clock } from '../clock.ts'
import { ConfigError, databasePath, type Config } from '../config.ts'
import { wrappedPepperIn } from '../db/sqlite/copy.ts'
import { inspectDatabase, type Inspection } from '../db/sqlite/inspect.ts'
import {
  isSignedWith,
  readShape,
  readSignature,
  type CopySigner,
  type Signature,
  type SignerOf,
} from '../db/sqlite/signature.ts'

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
  /** Where its signature begins. */
  databaseBytes: number
  contents: Pick<Inspection, 'schema' | 'migrations' | 'counts'> | null
}

const unsigned =
  'nothing says who wrote it, or whether it was changed since: keys may have been added, moved or revived in it, sites given to another tenant, origins and webhook addresses replaced'

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
    databaseBytes: signature?.databaseBytes ?? statSync(path).size,
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
    found.warnings.push(`It carries no signature: ${unsigned}.`)
  } else {
    return refused(
      `it carries no signature (a copy of an older version or of another tool does not), so ${unsigned}. If you know where it was since it was made, add --allow-unsigned`,
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
      if (sample) keyring.open(sample.sealed, sample.row)
      found.installation = signerOf(instance.wrappedPepper).installation
      const here = installationAt(databasePath(config), signerOf)
      if (here && here.installation !== found.installation) {
        problems.push(
          `it is of another installation, ${found.installation}, and the database in DATA_DIR is of ${here.installation}`,
        )
      }
    } catch (error) {
      const known = error instanceof ConfigError
      problems.push(...(known ? error.problems : ['a sealed row does not open: it was changed']))
    }
  }
  return { ...found, contents, ok: problems.length === 0, problems }
}

/** What is wrong with a signature, if anything is. */
function judge(path: string, signature: Signature, signerOf: SignerOf): string | undefined {
  try {
    const { key } = signerOf(signature.wrappedPepper)
    if (isSignedWith(key, path, signature)) return undefined
    return 'it was changed after it was made: its signature does not fit'
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return `MASTER_KEY: is not the one it was made with, by installation ${signature.installation}`
  }
}

/** The installation whose database lies there, when there is one that the present master key opens. */
export function installationAt(database: string, signerOf: SignerOf): CopySigner | undefined {
  if (!existsSync(database)) return undefined
  try {
    const pepper = wrappedPepperIn(database)
    return pepper && signerOf(pepper)
  } catch {
    return undefined // damaged, or of another master key: nothing to compare with
  }
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
