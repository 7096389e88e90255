import { html, type Html, type Part } from './html.ts'

/** Names with what they are; those that are not known are left out. */
export const detailList = (rows: readonly (readonly [Part, Part])[]): Html =>
  html`<dl>
    ${rows
      .filter(([, value]) => value !== null && value !== undefined && value !== false)
      .map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>`

/** A text in which what stands between backticks is code. */
export const prose = (text = ''): Html =>
  html`${text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`
