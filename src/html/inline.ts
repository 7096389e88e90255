import { createHash } from 'node:crypto'
import { constant, type Html } from './html.ts'

/** A style sheet or a script of ours that stands in the page, and how the page's policy lets it in and no other. */
export interface Inline {
  element: Html
  /** For `style-src` or `script-src`. */
  source: string
}

/** A style sheet. It takes no values. */
export const css = ([text = '']: TemplateStringsArray): Inline => inline('style', text)

/** A script; for the one page that needs one. */
export const script = (text: string): Inline => inline('script', text)

function inline(name: 'style' | 'script', text: string): Inline {
  if (text.includes('</')) throw new TypeError(`This would end the ${name} early`)
  return {
    element: constant(`<${name}>${text}</${name}>`),
    source: `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  }
}
