import type { Terminal } from '../terminal/terminal.ts'

/**
 * Runs what may take longer than a second, which says how far it is in a line that rewrites itself; the line is wiped however
 * it ends. Silent unless a person watches a terminal.
 */
export type WithProgress = <T>(work: (tell: (text: string) => void) => Promise<T>) => Promise<T>

export const createWithProgress =
  ({ showProgress }: Pick<Terminal, 'showProgress'>): WithProgress =>
  async (work) => {
    try {
      return await work(showProgress)
    } finally {
      showProgress('')
    }
  }

/** A size as people read it. */
export const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`
