import type { Localized } from '../language.ts'
import type { Story } from './story.ts'

/** What happened and whose it was; and what to do, where something is to be done. */
export interface Verdict {
  what: Localized
  remedy?: Localized | undefined
  /** To paste. */
  commands?: string[] | undefined
}

export type Judge = (story: Story, now: number) => Verdict
