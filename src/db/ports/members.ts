/** A server process, as the instance row knows it. */
export interface ServerLife {
  serverId: string
  host: string
  pid: number
}

/** The server process that serves this database. */
export interface MemberStore {
  /**
   * Takes the database for a server, unless another was seen since `staleBefore`: then returns that one. What the last one
   * had in hand is due again at once, and when it was seen in the future, the clock was put back since.
   */
  claimServer(
    life: ServerLife,
    times: { at: number; staleBefore: number },
  ): Promise<(ServerLife & { seenAt: number }) | undefined>
  /** False when the database is no longer ours. */
  renewServer(serverId: string, at: number): Promise<boolean>
  releaseServer(serverId: string): Promise<void>
  /** Whether a server was seen since then, and not at a time to come. */
  hasServerSince(at: number, now: number): Promise<boolean>
  /** The server that holds the database, and when it last said so. */
  readServer(): Promise<(ServerLife & { seenAt: number }) | undefined>
  /** Writes, durably, and rejects when that is impossible. @throws StoreBusyError */
  probeWrite(at: number): Promise<void>
}
