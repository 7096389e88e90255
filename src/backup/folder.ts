import { statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { partOf } from '../db/sqlite/file/copy.ts'
import { hourMs } from '../durations.ts'

/** A copy of the database, as its name tells. */
export interface Copy {
  path: string
  at: number
}

const pattern = /^bank-api-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})Z\.sqlite$/

/** The name of a copy made now: its time in UTC, without the colons that some file systems refuse. */
export const copyName = (at: number): string =>
  `bank-api-${new Date(at).toISOString().slice(0, 19).replaceAll(':', '-')}Z.sqlite`

/** What is in a folder; nothing in one that is not there. */
const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })

/** The copies in a folder, newest first; a folder that is not there has none. Other files are no copies. */
export async function listCopies(folder: string): Promise<Copy[]> {
  return (await namesIn(folder))
    .flatMap((name) => {
      const [, time] = pattern.exec(name) ?? []
      if (time === undefined) return []
      const [date, clock = ''] = time.split('T')
      const at = Date.parse(`${date}T${clock.replaceAll('-', ':')}Z`)
      return Number.isNaN(at) ? [] : [{ path: join(folder, name), at }]
    })
    .toSorted((a, b) => b.at - a.at)
}

/** The copies that were made until now. One with a date to come is of a clock that was set wrong: it decides nothing. */
const pastCopies = async (folder: string, now: number): Promise<Copy[]> =>
  (await listCopies(folder)).filter(({ at }) => at <= now)

/** The newest copy in a folder that was made until now. In one that cannot be read there is none to be seen: doctor says why. */
export const newestCopy = async (folder: string, now: number): Promise<Copy | undefined> =>
  (await pastCopies(folder, now).catch(() => []))[0]

/** Deletes all but the newest `keep` copies that were made until now; returns what went. */
export async function pruneCopies(folder: string, keep: number, now: number): Promise<Copy[]> {
  const old = (await pastCopies(folder, now)).slice(keep)
  for (const { path } of old) await rm(path, { force: true })
  return old
}

/** A copy under way is written to all the time, but while it is signed. */
const cutOffMs = hourMs

/** Deletes what is left of copies that were cut off, by a kill or a power cut, where that may be deleted. */
export async function removeCutOff(folder: string, now: number): Promise<void> {
  for (const name of await namesIn(folder)) {
    const copy = name.slice(0, -partOf('').length)
    if (name !== partOf(copy) || !pattern.test(copy)) continue
    const path = join(folder, name)
    const { mtimeMs = now } = statSync(path, { throwIfNoEntry: false }) ?? {}
    if (mtimeMs < now - cutOffMs) await rm(path, { force: true }).catch(() => {})
  }
}
