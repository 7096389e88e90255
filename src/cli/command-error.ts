/** What was asked cannot be done; the message says why, and what to do instead. Several lines only where they are given apart. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly lines: readonly string[]
  readonly exitCode: 1 | 2

  constructor(
    message: string | readonly string[],
    { exitCode = 1, ...options }: { cause?: unknown; exitCode?: 1 | 2 } = {},
  ) {
    const lines = typeof message === 'string' ? [message] : message
    super(lines.join('\n'), options)
    this.lines = lines
    this.exitCode = exitCode
  }
}
