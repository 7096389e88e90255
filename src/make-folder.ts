import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder for its owner alone, and those above it that are missing; returns the uppermost it made. Throws the system's
 * error. Node's own recursion never ends where the folder above is there and takes none, as /proc.
 */
export function makeFolder(path: string): string | undefined {
  const missing: string[] = []
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) {
    missing.unshift(folder)
  }
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: 0o700 })
    } catch (error) {
      // Another process may have been faster; a link that leads nowhere is no folder.
      if (!(isTaken(error) && existsSync(folder))) throw error
    }
  }
  return missing[0]
}

const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST'
