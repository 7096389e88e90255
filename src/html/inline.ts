import { createHash } from 'node:crypto'
import { constant, type Html } from './html.ts'

/** A style sheet or a script of ours that the page has, and how the page's policy lets it in. */
export interface Inline {
  element: Html
  /** For `style-src` or `script-src`. */
  source: string
}

/** A style sheet. It takes no values, and goes out without its indentation. */
export function css([written = '']: TemplateStringsArray): Inline {
  const text = written.replaceAll(/\s+/g, ' ')
  if (text.includes('</')) throw new TypeError('This would end the style early')
  return {
    element: constant(`<style>${text}</style>`),
    source: `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  }
}

/** A script of ours at its own address, which betters a page that works without. The path is a constant. */
export const scriptAt = (path: `/${string}`): Inline => ({
  element: constant(`<script src="${path}" defer></script>`),
  source: "'self'",
})
