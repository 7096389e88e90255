import type { Language } from '../../language.ts'
import type { Document } from '../document.ts'
import { aroundInFrench } from './around.ts'
import { eventsInFrench } from './events.ts'
import { methodsInFrench } from './methods.ts'

/** Each sentence of the document in French. A test holds that there is one for each, and none for what nobody says. */
export const french: Readonly<Record<string, string>> = {
  ...methodsInFrench,
  ...eventsInFrench,
  ...aroundInFrench,
}

const spoken = new Set(['summary', 'description'])

/** The document with its sentences in that language; names, types and examples are what they are. */
export const inLanguage = (document: Document, language: Language): Document =>
  language === 'en'
    ? document
    : (JSON.parse(JSON.stringify(document), (key, value: unknown) =>
        spoken.has(key) && typeof value === 'string' ? (french[value] ?? value) : value,
      ) as Document)
