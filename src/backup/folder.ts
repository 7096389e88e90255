import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A copy of the database, as its name tells. */
export interface Copy {
  path: string
  at: number
}

const pattern = /^bank-api-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})Z\.sqlite$/

/** The name of a copy made now: its time in UTC, without the colons that some file systems refuse. */
export const copyName = (at: number): string =>
  `bank-api-${new Date(at).toISOString().slice(0, 19).replaceAll(':', '-')}Z.sqlite`

/** The copies in a folder, newest first; a folder that is not there has none. Other files are no copies. */
export async function listCopies(folder: string): Promise<Copy[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .flatMap((name) => {
      const [, time] = pattern.exec(name) ?? []
      if (time === undefined) return []
      const [date, clock = ''] = time.split('T')
      return [
        { path: join(folder, name), at: Date.parse(`${date}T${clock.replaceAll('-', ':')}Z`) },
      ]
    })
    .toSorted((a, b) => b.at - a.at)
}

/** The newest copy in a folder. */
export const newestCopy = async (folder: string): Promise<Copy | undefined> =>
  (await listCopies(folder))[0]

/** Deletes all but the newest `keep` copies; returns what went. */
export async function pruneCopies(folder: string, keep: number): Promise<Copy[]> {
  const old = (await listCopies(folder)).slice(keep)
  for (const { path } of old) await rm(path, { force: true })
  return old
}
