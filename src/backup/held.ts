import type { Clock } from '../clock.ts'
import { isLiving } from '../cluster/liveness.ts'
import type { ProcessIdentity } from '../cluster/single-server.ts'
import { readHolder } from '../db/sqlite/file/replace.ts'
import { DatabaseInUseError } from '../db/store-errors.ts'

/** @throws DatabaseInUseError while a server of this host, or one that was seen lately, has the database */
export function refuseWhileHeld(
  database: string,
  { identity, clock }: { identity: ProcessIdentity; clock: Clock },
): void {
  const holder = readHolder(database)
  if (!holder || !isLiving(holder, clock.now())) return
  if (holder.host !== identity.host || identity.isAlive(holder.pid)) {
    throw new DatabaseInUseError(
      `A server has this database: process ${holder.pid} on ${holder.host}. Stop it first.`,
    )
  }
}
