/** What one round of one side measured, by name. */
export type Figures = Readonly<Record<string, number>>

/** One of the things compared: it does its round and says what that took. */
export type Side = () => Promise<Figures>

/** A line of the table: ours over what stands beside it, measured in the same rounds. */
export interface Row {
  bench: string
  figure: string
  /** Medians over the rounds, in the figure's own unit. */
  ours: number
  beside: number
  /** The median of the rounds' own ratios; for `difference`, ours less the other. */
  compared: number
  how: 'ratio' | 'difference'
  aim: string
  met: boolean | null
}

/**
 * Runs the sides in turn, once without counting and then `rounds` times, each time the other way round: what drifts in the
 * machine meets all of them alike.
 */
export async function interleave<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  { rounds, warmUps = 1 }: { rounds: number; warmUps?: number },
): Promise<Record<Name, Figures[]>> {
  const names = Object.keys(sides) as Name[]
  const seen = Object.fromEntries(names.map((name) => [name, [] as Figures[]])) as Record<
    Name,
    Figures[]
  >
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const figures = await sides[name]()
      if (round >= 0) seen[name].push(figures)
    }
  }
  return seen
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return Number.isInteger(middle)
    ? (sorted[middle - 1]! + sorted[middle]!) / 2
    : sorted[Math.floor(middle)]!
}

/** What an aim asks of the compared value. */
export const atMost = (limit: number) => ({
  text: `≤ ${limit}`,
  holds: (value: number) => value <= limit,
})
export const atLeast = (limit: number) => ({
  text: `≥ ${limit}`,
  holds: (value: number) => value >= limit,
})
type Aim = ReturnType<typeof atMost>

/** Compares one figure of two sides. */
export function compare(
  {
    bench,
    figure,
    how = 'ratio',
    aim,
  }: { bench: string; figure: string; how?: 'ratio' | 'difference'; aim?: Aim },
  ours: readonly Figures[],
  beside: readonly Figures[],
): Row {
  const of = (figures: Figures | undefined): number => figures?.[figure] ?? Number.NaN
  const pairs = ours.map((figures, round) => [of(figures), of(beside[round])] as const)
  const compared = median(pairs.map(([a, b]) => (how === 'ratio' ? a / b : a - b)))
  return {
    bench,
    figure,
    ours: median(pairs.map(([a]) => a)),
    beside: median(pairs.map(([, b]) => b)),
    compared,
    how,
    aim: aim?.text ?? '',
    met: aim ? aim.holds(compared) : null,
  }
}

/** The same row, whose aim is about ours alone. */
export const noMoreThan = (row: Row, limit: number): Row => ({
  ...row,
  aim: `ours ≤ ${limit.toLocaleString('en')}`,
  met: row.ours <= limit,
})

const digits = (value: number): string =>
  Number.isNaN(value)
    ? '–'
    : Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 3 })

/** The rows as a Markdown table. */
export function toTable(rows: readonly Row[]): string {
  const verdict = ({ met }: Row): string => (met === null ? '' : met ? 'met' : 'missed')
  const shown = ({ how, compared }: Row): string => {
    return how === 'ratio'
      ? `${digits(compared)} ×`
      : `${compared < 0 ? '' : '+'}${digits(compared)}`
  }
  const lines = rows.map((row) =>
    [
      row.bench,
      row.figure,
      digits(row.ours),
      digits(row.beside),
      shown(row),
      row.aim,
      verdict(row),
    ].join(' | '),
  )
  return [
    '| bench | figure | ours | beside | compared | aim | |',
    '| --- | --- | ---: | ---: | ---: | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}

/** The figures of single times, in milliseconds. */
export function timesOf(values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { 'p50 ms': at(0.5), 'p99 ms': at(0.99) }
}
