import type { Terminal } from '../terminal/terminal.ts'

/** A line that rewrites itself, for what takes long; silent unless a person watches a terminal. */
export interface Progress {
  tell(text: string): void
  /** Wipes the line. */
  end(): void
}

export const createProgress = ({ showProgress }: Terminal): Progress => ({
  tell: showProgress,
  end: () => showProgress(''),
})

/** A size as people read it. */
export const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`
