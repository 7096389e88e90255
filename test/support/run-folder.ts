import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** For what several tests of a run share. It is gone when the run ends: a worker may end without a word. */
    runFolder: string
  }
}

/** Vitest's global set-up: a folder for the whole run. */
export default function setup(project: TestProject): () => void {
  const folder = ownFolder('bank-api-run-')
  project.provide('runFolder', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}

/**
 * Where files of tests lie: in memory where the machine has room for them there. What a power cut leaves is no test's here,
 * and a disk that other work keeps busy takes milliseconds for each commit, and long for a new database's thousand files.
 */
export const { folders, inMemory } = hasRoom('/dev/shm')
  ? { folders: '/dev/shm', inMemory: true }
  : { folders: tmpdir(), inMemory: false }

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > 2 * 1024 ** 3
  } catch {
    return false // not every machine has it
  }
}

/** A folder named after this process. Those of processes that were killed, and could not remove theirs, are removed. */
export function ownFolder(prefix: string, parent = tmpdir()): string {
  for (const name of readdirSync(parent)) {
    const [, maker] = name.startsWith(prefix) ? (/-(\d+)-[^-]+$/.exec(name) ?? []) : []
    if (maker !== undefined && !isRunning(Number(maker))) {
      rmSync(join(parent, name), { recursive: true, force: true })
    }
  }
  return mkdtempSync(join(parent, `${prefix}${process.pid}-`))
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
