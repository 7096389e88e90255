import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Store } from '../db/store.ts'
import type { Probes } from './probes.ts'
import type { Language, Localized } from '../language.ts'

/** What the doctor looks at, and with what. */
export interface Examination {
  config: Config
  store: Store
  /** The one that everything goes by: the database's, where servers share one. */
  clock: Clock
  machineClock: Clock
  probes: Probes
  /** Of a server that examines itself: leaves out what would hold up its calls, and whether it runs. */
  isBrief?: boolean
  /** The ids of sites that had their turn, the longest ago first: of a server, whose looks do not always come to all. */
  turns?: Set<string>
  /** How the world reaches the server that runs. */
  publicUrl: string
  /** Where Bridge is: of a sandbox in the box, its own port. */
  bridgeOrigin: string
  credentials: { clientId: string; clientSecret: string }
}

/** How many of a kind are named in one message. */
const namedAtOnce = 5

/** How many calls were refused, and when. */
export const callsRefused = (count: number, lately: Localized): Localized => ({
  en: `${count === 1 ? '1 call was' : `${count} calls were`} refused ${lately.en}`,
  fr: `${count === 1 ? '1 appel a été refusé' : `${count} appels ont été refusés`} ${lately.fr}`,
})

export const withinADay: Localized = { en: 'within a day', fr: 'en un jour' }
export const withinAnHour: Localized = { en: 'within an hour', fr: 'en une heure' }

/** The first of these, and how many more there are. */
export const listed = (all: readonly string[], language: Language = 'en'): string => {
  const more = all.length - namedAtOnce
  const rest = language === 'en' ? `and ${more} more` : `et ${more} de plus`
  return [...all.slice(0, namedAtOnce), ...(more > 0 ? [rest] : [])].join(', ')
}
