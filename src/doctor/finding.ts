/** One thing the doctor looked at. Whatever is not `ok` says what to do. */
export interface Finding {
  check: string
  level: 'ok' | 'warning' | 'critical'
  message: string
  remedy?: string
  /** The command that does it, quoted for a shell. */
  run?: string
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message })

export const warning = (check: string, message: string, remedy: string): Finding => ({
  check,
  level: 'warning',
  message,
  remedy,
})

export const critical = (
  check: string,
  message: string,
  remedy: string,
  run?: string,
): Finding => ({
  check,
  level: 'critical',
  message,
  remedy,
  ...(run !== undefined && { run }),
})

/** How monitoring reads a result: 0 all well, 1 warnings, 2 something critical. */
export const exitCodeOf = (findings: readonly Finding[]): 0 | 1 | 2 => {
  if (findings.some(({ level }) => level === 'critical')) return 2
  return findings.some(({ level }) => level === 'warning') ? 1 : 0
}
