import type { Subject } from '../db/ports/history.ts'
import { verdictOfCall } from './call-verdict.ts'
import { verdictOfEvent } from './event-verdict.ts'
import { verdictOfItem, verdictOfRequest, verdictOfUser } from './item-verdict.ts'
import { verdictOfKey, verdictOfSite } from './key-verdict.ts'
import type { Story } from './story.ts'

/** What happened and whose it was; and what to do, where something is to be done. */
export interface Verdict {
  what: string
  remedy?: string | undefined
  /** To paste. */
  commands?: string[] | undefined
}

export type Judge = (story: Story, now: number) => Verdict

/** What to make of a story. Decides by what was read alone. */
export const verdictOf: Judge = (story, now) => judges[story.subject.kind](story, now)

const judges: Record<Subject['kind'], Judge> = {
  call: verdictOfCall,
  request: verdictOfRequest,
  item: verdictOfItem,
  account: verdictOfItem,
  event: verdictOfEvent,
  delivery: verdictOfEvent,
  key: verdictOfKey,
  user: verdictOfUser,
  site: verdictOfSite,
}
