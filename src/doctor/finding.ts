/** One thing the doctor looked at. Whatever is not `ok` says what to do. */
export interface Finding {
  check: string
  level: 'ok' | 'warning' | 'critical'
  says: string
  do?: string
  /** The command that does it, quoted for a shell. */
  run?: string
}

export const ok = (check: string, says: string): Finding => ({ check, level: 'ok', says })

export const warning = (check: string, says: string, act: string): Finding => ({
  check,
  level: 'warning',
  says,
  do: act,
})

export const critical = (check: string, says: string, act: string, run?: string): Finding => ({
  check,
  level: 'critical',
  says,
  do: act,
  ...(run !== undefined && { run }),
})

/** How monitoring reads a result: 0 all well, 1 warnings, 2 something critical. */
export const exitCodeOf = (findings: readonly Finding[]): 0 | 1 | 2 => {
  if (findings.some(({ level }) => level === 'critical')) return 2
  return findings.some(({ level }) => level === 'warning') ? 1 : 0
}
