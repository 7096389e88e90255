import { messageOf } from './message.ts'
import type { AlertSender } from './sender.ts'

interface DatabaseWatchDeps {
  /** Whether this server is without its database now. */
  isAway(): boolean
  /** Names this server among those that share the database. */
  name: string
  /** What tells this installation from others. */
  where: string
  sender: Pick<AlertSender, 'tell'>
}

/**
 * Looks whether this server lost the database that it shares. Then none may lead, so nobody examines the installation: each
 * tells it by itself, once when two looks agree and once when it is over. Rejects as the sender does: the next look tells again.
 */
export function createDatabaseWatch({
  isAway,
  name,
  where,
  sender,
}: DatabaseWatchDeps): () => Promise<false> {
  const about = `database of ${name}`
  const message = 'it is away, and calls are refused. See whether PostgreSQL runs; the log says why'
  let looks = 0
  let isTold = false
  return async () => {
    looks = isAway() ? looks + 1 : 0
    if (isTold ? looks > 0 : looks < 2) return false
    const things = [isTold ? { about } : { about, message }]
    await sender.tell(messageOf(isTold ? 'over' : 'new', where, things))
    isTold = !isTold
    return false
  }
}
