import type { Code } from './codes.ts'

/** One thing the doctor looked at. Whatever is not `ok` says what to do. */
export interface Finding {
  /** What was found, for programs: stays when the words change. */
  code: Code
  check: string
  level: 'ok' | 'warning' | 'critical'
  message: string
  remedy?: string
  /** The command that does it, or shows more; quoted for a shell. */
  run?: string
  /** Whose it is, where it is one site's or one tenant's while the installation serves all others. */
  of?: { tenant: string; site?: string }
  /** A warning that the operator is told of as of what is critical: nobody else would hear of it. */
  rouses?: true
}

type More = Pick<Finding, 'run' | 'of' | 'rouses'>

export const ok = (code: Code, check: string, message: string): Finding => ({
  code,
  check,
  level: 'ok',
  message,
})

export const warning = (
  code: Code,
  check: string,
  message: string,
  remedy: string,
  more: More = {},
): Finding => ({ code, check, level: 'warning', message, remedy, ...more })

export const critical = (
  code: Code,
  check: string,
  message: string,
  remedy: string,
  more: More = {},
): Finding => ({ code, check, level: 'critical', message, remedy, ...more })

/** How monitoring reads a result: 0 all well, 1 warnings, 2 something critical. */
export const exitCodeOf = (findings: readonly Pick<Finding, 'level'>[]): 0 | 1 | 2 => {
  if (findings.some(({ level }) => level === 'critical')) return 2
  return findings.some(({ level }) => level === 'warning') ? 1 : 0
}
