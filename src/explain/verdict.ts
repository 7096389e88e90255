import type { Story } from './story.ts'

/** What happened and whose it was; and what to do, where something is to be done. */
export interface Verdict {
  what: string
  remedy?: string | undefined
  /** To paste. */
  commands?: string[] | undefined
}

export type Judge = (story: Story, now: number) => Verdict
