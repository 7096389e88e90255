import type { Localized } from '../language.ts'
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
  /** The checks that this examination left out: whatever was found of them before may still be so. */
  unseen?: readonly string[]
  /** The same in French, for a page; of what is not `ok`. */
  french?: { check: string; message: string; remedy: string }
}

/** In each language, unless it is the same in all. */
type Name = Localized | string

type More = Pick<Finding, 'run' | 'of' | 'rouses' | 'unseen'>

export const ok = (code: Code, check: Name, message: string): Finding => ({
  code,
  check: inEach(check).en,
  level: 'ok',
  message,
})

export const warning = (
  code: Code,
  check: Name,
  message: Name,
  remedy: Localized,
  more: More = {},
): Finding => ({ ...amiss(code, check, message, remedy), level: 'warning', ...more })

export const critical = (
  code: Code,
  check: Name,
  message: Name,
  remedy: Localized,
  more: More = {},
): Finding => ({ ...amiss(code, check, message, remedy), level: 'critical', ...more })

function amiss(code: Code, check: Name, message: Name, remedy: Localized) {
  const [checks, messages] = [inEach(check), inEach(message)]
  return {
    code,
    check: checks.en,
    message: messages.en,
    remedy: remedy.en,
    french: { check: checks.fr, message: messages.fr, remedy: remedy.fr },
  }
}

const inEach = (name: Name): Localized => (typeof name === 'string' ? { en: name, fr: name } : name)

/** How monitoring reads a result: 0 all well, 1 warnings, 2 something critical. */
export const exitCodeOf = (findings: readonly Pick<Finding, 'level'>[]): 0 | 1 | 2 => {
  if (findings.some(({ level }) => level === 'critical')) return 2
  return findings.some(({ level }) => level === 'warning') ? 1 : 0
}
