import type { Language, Localized } from '../language.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../durations.ts'

/** How long something took or takes, in the largest unit that says enough: `40 ms`, `0.2 s`, `5 m`, `26 h`, `12 d`. */
export function lasting(ms: number, language: Language = 'en'): string {
  const [minutes, days] = language === 'en' ? ['m', 'd'] : ['min', 'j']
  if (ms < 100) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10 * secondMs) return `${tenths(ms / secondMs, language)} s`
  if (ms < 2 * minuteMs) return `${Math.round(ms / secondMs)} s`
  if (ms < 2 * hourMs) return `${Math.round(ms / minuteMs)} ${minutes}`
  return ms < 2 * dayMs ? `${Math.round(ms / hourMs)} h` : `${Math.round(ms / dayMs)} ${days}`
}

/** Both of what follows, in each language. */
export const lastingSaid = (ms: number): Localized => ({ en: lasting(ms), fr: lasting(ms, 'fr') })
export const sinceThen = (at: number, now: number): Localized => ({
  en: fromNow(at, now),
  fr: fromNow(at, now, 'fr'),
})

/** A time as seen from now: `5 m ago`, `in 12 d`. */
export function fromNow(at: number, now: number, language: Language = 'en'): string {
  const time = lasting(Math.abs(at - now), language)
  if (language === 'en') return at > now ? `in ${time}` : `${time} ago`
  return at > now ? `dans ${time}` : `il y a ${time}`
}

const tenths = (count: number, language: Language): string =>
  language === 'en' ? count.toFixed(1) : count.toFixed(1).replace('.', ',')
