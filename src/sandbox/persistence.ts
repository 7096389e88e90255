import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { makeFolder } from '../make-folder.ts'
import { saved, type Saved } from './state.ts'

/** What was saved at `path`; undefined when there is no such file. Throws on anything unreadable. */
export function loadState(path: string): Saved | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return saved.parse(JSON.parse(text))
  } catch (error) {
    throw new Error(`The sandbox cannot read ${path}; move it away to start afresh`, {
      cause: error,
    })
  }
}

export interface Saver {
  /** Something changed: it is on disk soon, many changes in one write. */
  changed(): void
  /** Settles once everything noted so far is on disk. */
  flush(): Promise<void>
}

/** Writes `take()` to `path` through a rename, one write at a time. Without a path it does nothing. */
export function createSaver(
  path: string | undefined,
  take: () => Saved,
  failed: (error: unknown) => void,
): Saver {
  if (path === undefined) return { changed: () => {}, flush: async () => {} }
  let dirty = false
  let running: Promise<void> | undefined
  makeFolder(dirname(path))

  const write = async (): Promise<void> => {
    // Yielding first lets a burst of changes share the write.
    await turn()
    while (dirty) {
      dirty = false
      await writeFile(`${path}.new`, JSON.stringify(take()), { mode: 0o600 })
      await rename(`${path}.new`, path)
    }
  }
  const run = async (): Promise<void> => {
    running ??= write()
      .catch(failed)
      .finally(() => {
        running = undefined
      })
    await running
  }
  const unsaved = (): boolean => dirty || running !== undefined

  return {
    changed() {
      dirty = true
      void run()
    },
    async flush() {
      while (unsaved()) await run()
    },
  }
}
