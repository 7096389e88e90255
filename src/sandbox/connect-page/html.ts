/** Text that is markup already. Only `html` makes it. */
export interface Html {
  readonly markup: string
}

type Part = string | number | Html | readonly Html[] | undefined

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Safe in text and in quoted attributes. */
export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => entities[letter] ?? '')

function render(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part))
  if ('markup' in part) return part.markup
  return part.map(({ markup }) => markup).join('')
}

/** Markup from a template: everything put into it is escaped, unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { markup: String.raw({ raw: strings }, ...parts.map(render)) }
}
