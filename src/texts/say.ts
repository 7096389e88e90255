import { unbroken, type Language } from '../language.ts'
import { english } from './english.ts'
import { french } from './french.ts'
import { pinned } from './pinned.ts'
import { fill, type Names } from './templates.ts'

const inEnglish = { ...english, ...pinned }
const catalogues = { en: inEnglish, fr: { ...french, ...pinned } }

/** The name of a sentence, the same in every language. */
export type Key = keyof typeof inEnglish
export type AdviceKey = Extract<Key, `advice.${string}`>
export type ErrorKey = Exclude<Key, AdviceKey>

/** What an error is called on the wire. */
export type Code<K extends ErrorKey = ErrorKey> = K extends `${infer C}.${string}` ? C : K

/** A sentence in no language yet: its key, and what fills it. */
export interface Text<K extends Key = Key> {
  readonly key: K
  readonly values?: Readonly<Record<string, Value>> | undefined
}

type Value = string | number | Text<AdviceKey>
type NamesOf<K extends Key> = Names<(typeof inEnglish)[K]>

/** What fills a sentence: each of its names, and nothing else. */
type ValuesOf<K extends Key> = [NamesOf<K>] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [Name in NamesOf<K>]: Name extends 'advice' ? Text<AdviceKey> : string | number }

/** The values after a key: to be left out only where there are none. */
export type Filling<K extends Key, More extends unknown[] = []> = [NamesOf<K>] extends [never]
  ? [values?: ValuesOf<K>, ...More]
  : [values: ValuesOf<K>, ...More]

export const text = <K extends Key>(key: K, ...[values]: Filling<K>): Text<K> => ({
  key,
  values,
})

/** The text in a language. */
export function say({ key, values }: Text, language: Language): string {
  const template = catalogues[language][key]
  return fill(language === 'fr' ? unbroken(template) : template, (name) => {
    const value = values?.[name] ?? ''
    return typeof value === 'object' ? say(value, language) : String(value)
  })
}

/** The code of a key: what stands before its dot. */
export const codeOf = (key: ErrorKey): Code => key.split('.', 1)[0] as Code
