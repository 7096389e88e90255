/** What was asked cannot be done; the message says why, and what to do instead. Several lines only where they are given apart. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly lines: readonly string[]

  constructor(message: string | readonly string[], options: { cause?: unknown } = {}) {
    const lines = typeof message === 'string' ? [message] : message
    super(lines.join('\n'), options)
    this.lines = lines
  }
}
