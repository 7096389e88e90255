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

/** Takes work for a member, until `until` at the latest. */
export interface Claiming {
  by: string
  at: number
  until: number
  limit: number
}

/** The server processes that serve this database: with SQLite one at a time. */
export interface MemberStore {
  /**
   * Makes a server a member, unless there is no place beside one that was seen since `silentSince`: then returns that one.
   * What members had in hand that are none any more is due again at once; and when the last one was seen in the future, the
   * clock was put back since.
   */
  joinMembers(
    member: Member,
    times: { at: number; silentSince: number },
  ): Promise<SeenMember | undefined>
  /** Says that a member lives. False when it is none any more. */
  renewMember(id: string, at: number): Promise<boolean>
  /** A member that stopped, or died. Nothing, when it is none. */
  removeMember(id: string): Promise<void>
  /** All members, also those that have been silent. */
  listMembers(): Promise<SeenMember[]>
  /** Writes, durably, and rejects when that is impossible. @throws StoreBusyError */
  probeWrite(at: number): Promise<void>
}
