import { html, type Html } from './html.ts'

const drawn = (path: string): Html =>
  html`<svg
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.7"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d="${path}" />
  </svg>`

const bank = 'M3 9.5 12 4l9 5.5H3Zm2.5 0V17m4.3-7.5V17m4.4-7.5V17m4.3-7.5V17M4 17h16M3 20h18'
const check = 'M5 12.5 10 17.5 19.5 7'
const clock = 'M12 7v5l3.5 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z'
const sign = 'M12 8v5m0 3.2v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z'

/** The picture that heads a card. They decorate: what they mean stands in words below. */
export const icons = {
  bank: html`<div class="icon">${drawn(bank)}</div>`,
  done: html`<div class="icon good">${drawn(check)}</div>`,
  wait: html`<div class="icon">${drawn(clock)}</div>`,
  problem: html`<div class="icon bad">${drawn(sign)}</div>`,
}
export type IconName = keyof typeof icons
