import type { Bridge } from './bridge.ts'
import { NotTestableError, type Finding, type Point } from './point.ts'

/** What was found of one point. */
export interface Found {
  point: Point
  finding: Finding
}

/** Looks at each point in turn; `onFound` hears of each at once. Cleans up behind itself. */
export async function examine(
  bridge: Bridge,
  points: readonly Point[],
  onFound: (found: Found) => void = () => {},
): Promise<Found[]> {
  const all: Found[] = []
  try {
    for (const point of points) {
      const found = { point, finding: await look(bridge, point) }
      all.push(found)
      onFound(found)
    }
  } finally {
    await bridge.cleanUp()
  }
  return all
}

async function look(bridge: Bridge, point: Point): Promise<Finding> {
  try {
    const how = await point.check(bridge)
    return how === undefined ? { is: 'verified' } : { is: 'different', how }
  } catch (error) {
    if (error instanceof NotTestableError) return { is: 'not testable', why: error.message }
    // A message may hold what an answer held.
    const { name, code = name } = error as NodeJS.ErrnoException
    return { is: 'not testable', why: `the answer was not understood (${code})` }
  }
}

/** The report: a line for each point, and how many of each kind. */
export function toReport(found: readonly Found[]): string {
  const count = (is: Finding['is']) => found.filter(({ finding }) => finding.is === is).length
  return [
    '# What Bridge does',
    '',
    `${count('verified')} verified, ${count('different')} different, ${count('not testable')} not testable.`,
    '',
    '| point | assumed | found |',
    '| --- | --- | --- |',
    ...found.map(
      ({ point, finding }) => `| ${point.id} | ${point.assumed} | ${inWords(finding)} |`,
    ),
    '',
  ].join('\n')
}

export const inWords = (finding: Finding): string => {
  if (finding.is === 'verified') return 'verified'
  return `${finding.is}: ${finding.is === 'different' ? finding.how : finding.why}`
}
