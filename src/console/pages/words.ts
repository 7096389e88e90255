import { html, type Html } from '../../html/html.ts'
import type { Language } from '../../language.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../../durations.ts'

/** How a page writes times and numbers, in its reader's language. Times of a clock are UTC. */
export interface Words {
  number(count: number): string
  /** How long something took or takes. */
  lasting(ms: number): string
  /** A time as seen from now, with the whole of it for who looks closer; a dash for never. */
  ago(at: number | null): Html
  /** A day, as `3 Dec`. */
  day(at: number): string
}

const units = [
  ['day', dayMs, 2 * dayMs],
  ['hour', hourMs, 2 * hourMs],
  ['minute', minuteMs, 2 * minuteMs],
  ['second', secondMs, 0],
] as const

export function wordsFor(language: Language, now: number): Words {
  const locale = language === 'en' ? 'en-GB' : 'fr-FR'
  const relative = new Intl.RelativeTimeFormat(locale, { style: 'short' })
  const days = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const number = (count: number, unit?: string, digits = 0): string =>
    new Intl.NumberFormat(locale, {
      maximumFractionDigits: digits,
      ...(unit && { style: 'unit', unit, unitDisplay: 'short' }),
    }).format(count)
  return {
    number,
    lasting(ms) {
      if (ms < 100) return number(ms, 'millisecond')
      if (ms < 10 * secondMs) return number(ms / secondMs, 'second', 1)
      const [unit, size] = units.find(([, , least]) => ms >= least) ?? units[3]
      return number(ms / size, unit)
    },
    ago(at) {
      if (at === null) return html`<span class="soft">–</span>`
      const [unit, size] = units.find(([, , least]) => Math.abs(at - now) >= least) ?? units[3]
      const whole = new Date(at).toISOString()
      const said = relative.format(Math.trunc((at - now) / size), unit)
      return html`<time datetime="${whole}" title="${`${whole.slice(0, 19).replace('T', ' ')} UTC`}"
        >${said}</time
      >`
    },
    day: (at) => days.format(at),
  }
}
