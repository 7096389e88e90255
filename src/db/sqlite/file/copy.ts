import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { makeFolder } from '../../../make-folder.ts'
import type { SignerOf } from '../../signer.ts'
import { DatabaseInUseError } from '../../store-errors.ts'
import { signFile } from './signature.ts'
import { withFile } from './with-file.ts'

/**
 * Copies a database, as one moment saw it, while others write to it: `VACUUM INTO`, which needs no lock and, unlike the
 * online backup API, ends under writes. The copy has its name only once it is whole, signed and on the disk; one of a
 * database that no server ever opened has nobody's signature. Blocks until then: call it off the server's thread. Throws
 * when the source is no database. A source that `isLocked` for writing by the caller is copied as it lies there, which is
 * several times as fast, when its log is empty. With `leaveBytes`, throws and writes nothing when the copy may not fit, or
 * would leave less than that on the database's own disk. A copy that `isNew` takes nobody's place: throws DatabaseInUseError
 * when its name is taken by then.
 */
export function copyDatabase(
  from: string,
  to: string,
  signerOf?: SignerOf,
  {
    isLocked = false,
    isNew = false,
    leaveBytes,
  }: { isLocked?: boolean; isNew?: boolean; leaveBytes?: number } = {},
): void {
  const part = partOf(to)
  makeFolderOf(resolve(dirname(to)), statSync(from))
  rmSync(part, { force: true })
  if (leaveBytes !== undefined) refuseWithoutRoom(from, resolve(dirname(to)), leaveBytes)
  closeSync(openSync(part, 'wx', 0o600))
  try {
    give(part, statSync(dirname(to)))
    if (!isLocked || !hasNoLog(from) || !copyBytes(from, part)) {
      withFile(from, (source) => source.prepare('VACUUM INTO ?').run(part))
    }
    const pepper = signerOf && wrappedPepperIn(part)
    if (pepper) signFile(part, signerOf(pepper), pepper)
    putInPlace(part, to, { isNew })
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

function refuseWithoutRoom(from: string, folder: string, leaveBytes: number): void {
  const { bavail, blocks, bsize } = statfsSync(folder)
  if (blocks === 0) return // a file system that does not say how large it is
  const free = bavail * bsize
  const needed = bytesInUse(from) + (statSync(folder).dev === statSync(from).dev ? leaveBytes : 0)
  if (needed <= free) return
  const mb = 1024 * 1024
  const text = `a copy needs ${Math.ceil(needed / mb)} MB free, and there are ${(free / mb).toFixed(1)} MB: make room there`
  throw Object.assign(new Error(text), { code: 'ENOSPC', path: folder })
}

/** How large a database is without the pages that wait to be used again: those are not copied. */
const bytesInUse = (path: string): number =>
  withFile(path, (client) => {
    const [pages, unused, size] = ['page_count', 'freelist_count', 'page_size'].map(
      (name) => client.pragma(name, { simple: true }) as number,
    )
    return (pages! - unused!) * size!
  })

/** Whether all of a database lies in the file itself. SQLite keeps the log beside the file that a symbolic link leads to. */
const hasNoLog = (path: string): boolean =>
  (statSync(`${realpathSync(path)}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0

/**
 * Copies a file's bytes; false, and nothing copied, when that fails. In a process of its own, for a process that closes a
 * file loses all its locks on it, those of SQLite too (fcntl). GNU's `cp` lets a file system share the blocks, where it can.
 */
function copyBytes(from: string, part: string): boolean {
  if (spawnSync('cp', ['--', from, part]).status !== 0) {
    truncateSync(part)
    return false
  }
  const file = openSync(part, 'r+')
  writeSync(file, Buffer.of(1, 1), 0, 2, 18) // no log belongs to it, so that it can be read where nothing can be written
  closeSync(file)
  return true
}

/** The wrapped pepper of the installation in a database file; undefined when there is none. Throws when the file is no database. */
export const wrappedPepperIn = (path: string): Buffer | undefined =>
  withFile(path, (client) => {
    const isOurs = client.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'instance'").get()
    if (!isOurs) return undefined
    return client.prepare<[], Buffer>('SELECT wrapped_pepper FROM instance').pluck().get()
  })

/** What root makes must not be root's: the server's own user goes on with it. Whoever else makes it may give nothing away. */
function give(path: string, { uid, gid }: Owner): void {
  try {
    chownSync(path, uid, gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}

type Owner = Pick<Stats, 'uid' | 'gid'>

/** Makes a folder for its owner alone, and those above it that are missing. */
function makeFolderOf(path: string, owner: Owner): void {
  const first = makeFolder(path)
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) give(made, owner)
}

/** Where a copy grows until it is whole. */
export const partOf = (to: string): string => `${to}.part`

/** Gives a finished file its name so that a power cut leaves the old one or the new one, never half. */
function putInPlace(part: string, to: string, { isNew }: { isNew: boolean }): void {
  chmodSync(part, 0o600)
  syncToDisk(part)
  if (!isNew || !linkInPlace(part, to)) renameSync(part, to)
  syncToDisk(dirname(to))
}

/** Gives a finished file a name that nobody has; false, and nothing done, on a file system that has no links. */
function linkInPlace(part: string, to: string): boolean {
  try {
    linkSync(part, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
    throw new DatabaseInUseError(
      `There is a database by now at ${to}: stop the server and its commands.`,
    )
  }
  rmSync(part)
  return true
}

function syncToDisk(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
