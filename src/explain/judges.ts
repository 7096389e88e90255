import type { Subject } from '../db/ports/history.ts'
import { verdictOfCall } from './call-verdict.ts'
import { verdictOfEvent } from './event-verdict.ts'
import { verdictOfItem } from './item-verdict.ts'
import { verdictOfKey } from './key-verdict.ts'
import { verdictOfRequest } from './request-verdict.ts'
import { verdictOfSite } from './site-verdict.ts'
import { verdictOfUser } from './user-verdict.ts'
import type { Judge } from './verdict.ts'

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
