import type { Clock } from '../clock.ts'
import type { MemberStore, SeenMember } from '../db/ports/members.ts'

/** How often a server says that it lives. */
export const renewMs = 3_000

/**
 * A server that said nothing for so long is dead: another may take its database, a restore may replace it, and no command
 * waits for it or leaves it work.
 */
export const silentMs = 10_000

/** Whether a member lives. One that was seen at a time to come has a clock that was set since, or set wrong. */
export const isLiving = ({ seenAt }: Pick<SeenMember, 'seenAt'>, now: number): boolean =>
  Math.abs(now - seenAt) < silentMs

interface Deps {
  store: Pick<MemberStore, 'listMembers'>
  clock: Clock
}

/** The ids of the servers at work on this database. */
export async function livingServers({ store, clock }: Deps): Promise<string[]> {
  const members = await store.listMembers()
  return members.filter((member) => isLiving(member, clock.now())).map(({ id }) => id)
}

/** Whether any server is at work on this database. */
export const hasLivingServer = async (deps: Deps): Promise<boolean> =>
  (await livingServers(deps)).length > 0
