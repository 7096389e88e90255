import type { BridgeStatus } from '../bridge/admission/bridge-status.ts'
import { clockCheck, credentialsCheck } from '../doctor/bridge.ts'
import type { Finding } from '../doctor/finding.ts'

/** What needs a person. */
export interface Problem {
  /** The check that found it, which is what it is known by until it is over. */
  about: string
  message: string
  /** Whether it is one site's, while the installation serves all others. */
  isOfSite: boolean
}

/** What a look sees. */
export interface Sight {
  problems: Problem[]
  /** Names of the problems that this look could not examine: it says neither that they began nor that they are over. */
  unseen: ReadonlySet<string>
  /** Whether each part could be examined: else it may lack anything, and nothing is over by it but what is `known`. */
  isWhole: boolean
  /** Names of the problems that the server knows by itself, where doctor does not tell of them too and failed at it. */
  known: ReadonlySet<string>
}

/** What a server knows by itself, besides what doctor examines. */
interface Known {
  bridge: Pick<BridgeStatus, 'breaker' | 'credentials'>
  /** Why the last copy of the database failed; undefined when it did not. */
  copyFailure: string | undefined
}

/** All that needs a person now: doctor's FAILs, warnings nobody else would hear of, and what the server knows. Each check is there once. */
export function problemsIn(findings: readonly Finding[], known: Known): Sight {
  const own: Problem[] = []
  const add = (about: string, message: string) => own.push({ about, message, isOfSite: false })
  const rousing = findings.filter(({ level, rouses }) => level === 'critical' || rouses)
  const { breaker, credentials } = known.bridge
  // Doctor tells the same and more, once its own call meets it too.
  if (!rousing.some(({ check }) => check === credentialsCheck.en)) {
    if (breaker.open) {
      add('bridge', 'Bridge is down: calls to it are refused, and it is tried again by itself')
    }
    if (credentials.refused) {
      add(credentialsCheck.en, 'Bridge refuses them: compare them with its dashboard')
    }
  }
  if (known.copyFailure !== undefined) {
    add('backup copy', `the database was not copied: ${known.copyFailure}`)
  }
  const found = rousing.map(toProblem)
  const all = new Map<string, Problem>()
  for (const one of [...found, ...own]) {
    const same = all.get(one.about)
    const isSaid = same === undefined || same.message.includes(one.message)
    all.set(
      one.about,
      isSaid ? (same ?? one) : { ...one, message: `${same.message}. ${one.message}` },
    )
  }
  const failed = findings.filter(({ code }) => code === 'examination.failed')
  const alsoDoctors = failed.some(({ check }) => check === 'bridge')
  return {
    problems: [...all.values()],
    unseen: new Set(findings.flatMap(({ unseen = [] }) => unseen)),
    isWhole: failed.length === 0,
    known: new Set(['backup copy', ...(alsoDoctors ? [] : ['bridge', credentialsCheck.en])]),
  }
}

/** An endpoint that is disabled is another thing than a site that fails, though one check tells of both. */
const toProblem = (finding: Finding): Problem => ({
  about: finding.code === 'site.disabled' ? `${finding.check}: disabled` : finding.check,
  message: sentences(finding.message, finding.remedy, finding.run),
  isOfSite: finding.of !== undefined,
})

/** One after the other; what ends with a colon leads to the next. */
const sentences = (...parts: readonly (string | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined)
    .reduce((text, part) => `${text}${/[.:]$/.test(text) ? ' ' : '. '}${part}`)

/** Problems that only an answer of Bridge's can end: while the credentials are refused there is none, so they go on. */
const seenByAnswers = ['bridge', clockCheck.en]

/** The names of problems that are not over: each of these, the milder one that it grew out of, and what it keeps from being seen. */
export function goingOn(now: readonly Problem[]): Set<string> {
  const names = new Set<string>()
  for (const { about } of now) {
    names.add(about)
    for (const { index } of about.matchAll(/: /g)) names.add(about.slice(0, index))
    if (about === credentialsCheck.en) for (const name of seenByAnswers) names.add(name)
  }
  return names
}
