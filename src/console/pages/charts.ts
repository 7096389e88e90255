import { html, type Html } from '../../html/html.ts'
import type { Tone } from './elements.ts'

export interface Share {
  tone: Tone | 'rest'
  label: string
  count: number
  /** The count as it is written. */
  said: string
  /** Where these are listed. */
  href?: string
}

const wide = 480

/** One bar of several shares, and what each is. A share that is not none is never too thin to be seen. */
export function shares(label: string, parts: readonly Share[]): Html {
  const all = parts.reduce((sum, { count }) => sum + count, 0)
  const least = 4
  const shown = parts.filter(({ count }) => count > 0)
  const room = wide - least * shown.length
  let x = 0
  const bars = shown.map(({ tone, count }) => {
    const width = least + (room * count) / all
    const bar = html`<rect
      class="${tone}"
      x="${x.toFixed(1)}"
      y="0"
      width="${Math.max(least, width - 2).toFixed(1)}"
      height="18"
      rx="3"
    />`
    x += width
    return bar
  })
  return html`<svg
      class="chart"
      viewBox="0 0 ${wide} 18"
      preserveAspectRatio="none"
      role="img"
      aria-label="${label}"
    >
      <rect class="rest" x="0" y="0" width="${all === 0 ? wide : 0}" height="18" rx="3" />
      ${bars}
    </svg>
    <ul class="key">
      ${parts.map(
        ({ tone, label: name, said, href }) =>
          html`<li class="${tone}">
            ${href === undefined ? name : html`<a href="${href}">${name}</a>`}
            <strong>${said}</strong>
          </li>`,
      )}
    </ul>`
}

interface Bar {
  count: number
  tone: Tone
  /** What it is, for who points at it. */
  said: string
  /** Below it, where there is room. */
  mark?: string | undefined
}

/** Bars side by side, with the highest count written at its line. */
export function bars(label: string, all: readonly Bar[]): Html {
  const [high, below, top] = [90, 18, 14]
  const most = Math.max(1, ...all.map(({ count }) => count))
  const step = wide / all.length
  return html`<svg
    class="chart"
    viewBox="0 0 ${wide} ${top + high + below}"
    role="img"
    aria-label="${label}"
  >
    <line class="axis" x1="0" y1="${top}" x2="${wide}" y2="${top}" />
    <text x="0" y="${top - 4}">${most}</text>
    <line class="axis" x1="0" y1="${top + high}" x2="${wide}" y2="${top + high}" />
    ${all.map(({ count, tone, said, mark }, at) => {
      const height = count === 0 ? 0 : Math.max(2, (high * count) / most)
      const x = at * step
      return html`<rect
          class="${tone}"
          x="${(x + 2).toFixed(1)}"
          y="${(top + high - height).toFixed(1)}"
          width="${(step - 4).toFixed(1)}"
          height="${height.toFixed(1)}"
          rx="2"
          ><title>${said}</title></rect
        >
        ${mark && markAt(mark, at === all.length - 1 ? undefined : x + 2, top + high + 14)}`
    })}
  </svg>`
}

/** Where it begins; without that it ends where all does. */
const markAt = (mark: string, x: number | undefined, y: number): Html =>
  x === undefined
    ? html`<text x="${wide}" y="${y}" text-anchor="end">${mark}</text>`
    : html`<text x="${x.toFixed(1)}" y="${y}">${mark}</text>`

/** A stretch of time with what happened on it, and where in it we are. */
export function life(
  label: string,
  {
    from,
    to,
    now,
    marks,
    ends: [first, last],
  }: {
    from: number
    to: number
    now: number
    marks: readonly { at: number; tone: Tone }[]
    ends: readonly [first: string, last: string]
  },
): Html {
  const at = (time: number): number =>
    (wide * Math.min(Math.max(time - from, 0), to - from)) / (to - from)
  const x = (time: number): string => at(time).toFixed(1)
  return html`<svg class="chart" viewBox="0 0 ${wide} 56" role="img" aria-label="${label}">
    <rect class="rest" x="0" y="14" width="${wide}" height="12" rx="4" />
    <rect class="${now < to ? 'main' : 'bad'}" x="0" y="14" width="${x(now)}" height="12" rx="4" />
    ${marks.map((mark) => html`<circle class="${mark.tone}" cx="${x(mark.at)}" cy="6" r="3.5" />`)}
    <text x="0" y="46">${first}</text>
    <text x="${wide}" y="46" text-anchor="end">${last}</text>
  </svg>`
}
