/** Whose turn it is to do what is done once for a whole installation. */
export interface Leader {
  isLeader(): boolean
  /** The same tick, which does nothing, and says so, while another member leads. Call it where the loop is made. */
  only(tick: () => Promise<boolean>): () => Promise<boolean>
}

/** A leader by the given word: `isLeader` is asked at each tick, for that may change. */
export const createLeader = (isLeader: () => boolean): Leader => ({
  isLeader,
  only: (tick) => async () => isLeader() && (await tick()),
})

/** Nobody is elected: with one server on a database, that server leads. */
export const soleLeader = createLeader(() => true)
