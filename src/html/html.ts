import { rewriteHidden } from '../terminal/inert.ts'

/** Text that is markup already. */
class Markup {
  readonly markup: string
  constructor(markup: string) {
    this.markup = markup
  }
}
export type Html = Markup

/** What a template takes; nothing is written for the last three. */
export type Part = string | number | Html | readonly Part[] | undefined | null | false

/**
 * Markup from a template: what is put into it is escaped, unless it is markup itself; lists are joined. A value stands between
 * tags, or in an attribute's quotes; a template that has one elsewhere in a tag, or a script or style, is an error.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const contexts = contextsIn(strings)
  const written = parts.map((part, index) => write(part, contexts[index]!))
  return new Markup(String.raw({ raw: strings }, ...written))
}

/** A constant of ours that is markup as it stands; never a value. */
export const constant = (markup: string): Html => new Markup(markup)

/** A name that somebody chose, as it can be seen: nothing in it hides, or turns what stands beside it. */
export const seen = (name: string): string => rewriteHidden(name, () => '')

type Context = 'text' | 'attribute'

function write(part: Part, context: Context): string {
  if (part === undefined || part === null || part === false) return ''
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part))
  if (context === 'attribute') throw new TypeError('Only a text or a number goes into an attribute')
  if (part instanceof Markup) return part.markup
  return part.map((one) => write(one, context)).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Safe in text and in quoted attributes. */
const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign]!)

const known = new WeakMap<TemplateStringsArray, readonly Context[]>()

/** Where each value of a template lands. The strings of a template are one object for ever, so each is read once. */
function contextsIn(strings: TemplateStringsArray): readonly Context[] {
  const contexts = known.get(strings) ?? findContexts(strings)
  known.set(strings, contexts)
  return contexts
}

function findContexts(strings: TemplateStringsArray): Context[] {
  if (/<(script|style)\b/i.test(strings.join(''))) {
    throw new TypeError('A script or a style goes into a page through inline.ts')
  }
  let at: Context | 'tag' = 'text'
  let quote = ''
  return strings.slice(0, -1).map((text) => {
    for (const sign of text) {
      if (at === 'text') at = sign === '<' ? 'tag' : 'text'
      else if (at === 'attribute') at = sign === quote ? 'tag' : 'attribute'
      else if (sign === '>') at = 'text'
      else if (sign === '"' || sign === "'") [at, quote] = ['attribute', sign]
    }
    if (at === 'tag') throw new TypeError(`A value stands in a tag without quotes: ${text}`)
    return at
  })
}
