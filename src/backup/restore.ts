import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { DatabaseInUseError, type Place } from '../db/lease.ts'
import { copyDatabase } from '../db/sqlite/copy.ts'
import { readHolder, replaceDatabase } from '../db/sqlite/replace.ts'
import { copyName } from './folder.ts'

/** A server that said nothing for so long is dead. */
const silenceMs = 10_000

/**
 * Puts a copy in the place of the database, whose last state is kept as a copy too. Verify the copy first.
 * Throws DatabaseInUseError while a server holds the database or anything has it open; then nothing has changed.
 */
export async function restoreCopy({
  copy,
  database,
  folder,
  place,
  clock,
}: {
  copy: string
  database: string
  /** Where the replaced state goes. */
  folder: string
  place: Place
  clock: Clock
}): Promise<{ kept: string | null }> {
  const holder = readHolder(database)
  // Seen at a time to come: by a clock that was set wrong, and not since.
  const seen = holder && Math.abs(clock.now() - holder.seenAt) < silenceMs
  if (holder && seen && !(holder.host === place.host && !place.isAlive(holder.pid))) {
    throw new DatabaseInUseError(
      `A server has this database: process ${holder.pid} on ${holder.host}. Stop it first.`,
    )
  }
  let kept: string | null = null
  if (existsSync(database)) {
    kept = join(folder, copyName(clock.now()).replace('bank-api-', 'bank-api-replaced-'))
    copyDatabase(database, kept)
  }
  await replaceDatabase(database, copy)
  return { kept }
}
