import { openInstance } from '../auth/instance.ts'
import { ConfigError, type Config } from '../config.ts'
import { inspectDatabase, type Inspection } from '../db/sqlite/inspect.ts'

export interface Verification extends Omit<Inspection, 'instance' | 'sample' | 'damage'> {
  /** Whether a restore of this file would serve. */
  ok: boolean
  /** Every reason why not. */
  problems: string[]
}

/**
 * Whether a copy can be restored here: whole, of a schema this program knows, and opened by the present master key.
 * Throws when the file is no database.
 */
export async function verifyCopy(
  path: string,
  { config }: { config: Config },
): Promise<Verification> {
  const { damage, instance, sample, ...shown } = inspectDatabase(path)
  const problems = [...damage]
  if (shown.schema === 'foreign') problems.push('it is not a database of Bank API')
  if (shown.schema === 'newer') {
    problems.push('a newer bank-api wrote it: restore it with that version')
  }
  if (shown.schema !== 'foreign' && !instance) problems.push('it was never opened by a server')
  if (instance) {
    try {
      const { keyring } = openInstance(instance, config)
      if (sample) keyring.open(sample.sealed, sample.row)
    } catch (error) {
      const known = error instanceof ConfigError
      problems.push(...(known ? error.problems : ['a sealed row does not open: it was changed']))
    }
  }
  return { ...shown, ok: problems.length === 0, problems }
}
