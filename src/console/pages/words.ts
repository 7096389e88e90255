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

/** Made once: each costs as much as a row of a list. */
function formatsFor(locale: string) {
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
  const lasting = (unit: string) =>
    new Intl.NumberFormat(locale, {
      maximumFractionDigits: 0,
      style: 'unit',
      unit,
      unitDisplay: 'long',
    })
  return {
    plain,
    tenths: new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }),
    relative: new Intl.RelativeTimeFormat(locale),
    moment: new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(0, 'second'),
    days: new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }),
    minute: lasting('minute'),
    hour: lasting('hour'),
    day: lasting('day'),
  }
}

const formats = { en: formatsFor('en-GB'), fr: formatsFor('fr-FR') } as const

export function wordsFor(language: Language, now: number): Words {
  const { plain, tenths, relative, moment, days, ...lasting } = formats[language]
  return {
    number: (count) => plain.format(count),
    lasting(ms) {
      // English would write "0.1 secs" beside "2 ms".
      if (ms < 100) return `${plain.format(ms)}\u00a0ms`
      if (ms < 10 * secondMs) return `${tenths.format(ms / secondMs)}\u00a0s`
      const [unit, size] = units.find(([, whole, least]) => ms >= least || ms === whole) ?? units[3]
      return unit === 'second'
        ? `${plain.format(ms / secondMs)}\u00a0s`
        : lasting[unit].format(ms / size)
    },
    ago(at) {
      if (at === null) return html`<span class="soft">–</span>`
      const [unit, size] = units.find(([, , least]) => Math.abs(at - now) >= least) ?? units[3]
      const whole = new Date(at).toISOString()
      const count = Math.sign(at - now) * Math.round(Math.abs(at - now) / size)
      const said = count === 0 ? moment : relative.format(count, unit)
      return html`<time datetime="${whole}" title="${`${whole.slice(0, 19).replace('T', ' ')} UTC`}"
        >${said}</time
      >`
    },
    day: (at) => days.format(at),
  }
}
