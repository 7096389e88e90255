import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
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

/** A folder named after this process. Those of processes that were killed, and could not remove theirs, are removed. */
export function ownFolder(prefix: string): string {
  for (const name of readdirSync(tmpdir())) {
    const [, maker] = name.startsWith(prefix) ? (/-(\d+)-[^-]+$/.exec(name) ?? []) : []
    if (maker !== undefined && !isRunning(Number(maker))) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    }
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
