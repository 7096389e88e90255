/** A server process that serves this database. */
export interface Member {
  id: string
  host: string
  pid: number
}

/** A member, and when it last said that it lives. */
export interface SeenMember extends Member {
  seenAt: number
}

/** A member as all of them are listed. */
interface ListedMember extends SeenMember {
  /** Whether it leads, while it is not silent. */
  leads: boolean
}

/** What a member says with its sign of life. */
export interface SignOfLife {
  at: number
  /** Who was not seen since then is a member no more. */
  silentSince: number
  /** Until when it would lead, if nobody else does. */
  leadUntil: number
}

/** What a member learns with its sign of life. */
interface Standing {
  /** How many live, it included. */
  living: number
  /** Whether it leads, until the time it gave. */
  leads: boolean
  /** Members that are none any more, for they were silent. */
  removed: Member[]
  /** What the clock shows that all members go by. */
  time: number
}

/** Work that is claimed so that no other member does it meanwhile: the events of a user, a callback. */
export type Work = 'user-events' | 'callback'

/** Takes work for a member, until `until` at the latest. */
export interface Claiming {
  by: string
  at: number
  until: number
  limit: number
}

/** The server processes that serve this database. */
export interface MemberStore {
  /** Whether there may be many of them, who go by the database's clock. Otherwise there is one, with its machine's. */
  readonly isShared: boolean
  /**
   * Makes a server a member, unless there is no place beside one that was seen since `silentSince`: then returns that one.
   * What members had in hand that are none any more is due again at once, but for deliveries that several share: those once
   * the tries of them must be over. When the last one was seen in the future, the clock was put back since.
   */
  joinMembers(
    member: Member,
    times: { at: number; silentSince: number },
  ): Promise<SeenMember | undefined>
  /**
   * Says that a member lives. One that leads goes on with it, and one that finds nobody who does begins. What silent members
   * had in hand is due again, as when one joins. Undefined when it is none any more: then it changed nothing.
   */
  renewMember(id: string, sign: SignOfLife): Promise<Standing | undefined>
  /** A member that stopped, or died: its lead and its work are anybody's. Nothing, when it is none. */
  removeMember(id: string): Promise<void>
  /** The member's round is over: what it claimed and did not end is anybody's. */
  releaseWork(work: Work, by: string): Promise<void>
  /** All members, also those that have been silent. */
  listMembers(): Promise<ListedMember[]>
  /** What the clock shows that all members go by. */
  readTime(): Promise<number>
  /** Writes something of the member's own, durably, and rejects when that is impossible. @throws StoreBusyError */
  probeWrite(id: string, at: number): Promise<void>
}
