import { switches, type SwitchChanges } from '../../src/sandbox/switches.ts'

/** One switch away from its default; none for the defaults of all of them. */
export interface Setting {
  name: string
  value: unknown
}

/** Where the table cannot know what a text or a number may be. */
const samples: Record<string, unknown[]> = { callbackHosts: [['127.0.0.1'], ['elsewhere.test']] }

/** Each position of each switch, read from the table of switches: a new one is walked without a word here. */
export const settings: Setting[] = Object.entries(switches.shape).flatMap(([name, { def }]) =>
  positionsOf(name, def)
    .filter((value) => !same(value, def.defaultValue))
    .map((value) => ({ name, value })),
)

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function positionsOf(name: string, { innerType, defaultValue }: Wrapped): unknown[] {
  const { type, entries, values } = innerType.def
  if (type === 'boolean') return [true, false]
  if (entries) return Object.values(entries)
  if (values) return [...values]
  if (type === 'number') return [defaultValue, Number(defaultValue) + 1]
  const others = samples[name]
  if (!others) throw new Error(`Say here which positions ${name} has`)
  return [defaultValue, ...others]
}

/** A zod schema with a default, as far as its positions go. */
interface Wrapped {
  defaultValue: unknown
  innerType: {
    def: { type: string; entries?: Record<string, unknown>; values?: readonly unknown[] }
  }
}

/** Positions that only show beside another switch. */
const companions: Record<string, SwitchChanges> = {
  withheldFields: { accountAccess: 'oneWithheld' },
}

/** The switches of a setting: its own, and those it only shows beside. */
export const changesOf = ({ name, value }: Setting): SwitchChanges => ({
  ...companions[name],
  [name]: value,
})
