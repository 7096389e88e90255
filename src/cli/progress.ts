/** A line that rewrites itself, for what takes long; silent unless a person watches a terminal. */
export interface Progress {
  tell(text: string): void
  /** Wipes the line. */
  end(): void
}

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const width = (stream.columns ?? 80) - 1
  const line = (text: string): void => {
    if (stream.isTTY) stream.write(`\r${text.slice(0, width).padEnd(width)}\r`)
  }
  return { tell: line, end: () => line('') }
}

/** A size as people read it. */
export const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`
