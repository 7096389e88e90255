import type { Subject } from '../../db/ports/history.ts'
import { html, seen, type Html, type Part } from '../../html/html.ts'
import { prose } from '../../html/elements.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'main' | 'none'

/** A state in a word, in the colour of how bad it is. */
export const tag = (tone: Tone, text: string): Html =>
  html`<span class="tag ${tone}">${text}</span>`

/** A part of a page with its heading. */
export const card = (title: string, body: Html): Html =>
  html`<section class="card">
    <h2>${title}</h2>
    ${body}
  </section>`

/** A table that is a list of cards on a phone, where its columns have no room. The roles stay what they are there. */
export const table = (
  label: string,
  columns: readonly string[],
  rows: readonly (readonly Part[])[],
): Html =>
  html`<table role="table" aria-label="${label}">
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (cells) =>
          html`<tr role="row">
            ${cells.map((cell, at) => html`<td role="cell" data-label="${columns[at]}">${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`

/** To the page of a record. */
export const linkTo = (kind: Subject['kind'] | 'bank', id: string, name: string): Html =>
  html`<a href="${`/console/${kind}/${encodeURIComponent(id)}`}">${name}</a>`

/** A sentence in which what stands between backticks is code, and names may stand. */
export const sentence = (text: string): Html => prose(seen(text))

/** To paste into a shell. */
export const commandLine = (text: string): Html => html`<pre><code>${text}</code></pre>`

/** How Bridge says that a connection is. */
export const statusTag = (status: number, info: string | null): Html =>
  tag(status === 0 ? 'good' : 'warn', `${status}${info === null ? '' : ` ${seen(info)}`}`)

/** How bad a state is. */
export const toneOf = (state: string): Tone => tones[state] ?? 'none'

const tones: Readonly<Record<string, Tone>> = {
  delivered: 'good',
  completed: 'good',
  pending: 'warn',
  dead: 'bad',
  failed: 'bad',
}
