import { Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { monotonicClock } from '../clock.ts'

/** How long a connection that was accepted last has to say what it wants. */
const graceMs = 250

/**
 * Stops the server without cutting anybody off: it says that it is not ready and serves on for `delayMs`, takes no new
 * connection, ends the requests and deliveries in flight, and closes. False when `timeoutMs` ran out before: then the
 * connections left are cut, and what was being delivered is tried again by the next server.
 */
export async function stopGently(
  app: FastifyInstance,
  { delayMs, timeoutMs }: { delayMs: number; timeoutMs: number },
): Promise<boolean> {
  app.log.info({ delayMs, timeoutMs }, 'stopping')
  const begunAt = monotonicClock.now()
  app.lifecycle.stopping = true
  if (delayMs > 0) await wait(delayMs)

  // HTTP's own close cuts connections that are idle, and one whose first bytes are on their way looks idle: so the door is
  // shut first, and those inside are closed a moment later.
  Server.prototype.close.call(app.server)
  await wait(graceMs)

  // A tenth is for giving back what does not end.
  const givesBackAt = monotonicClock.now() + timeoutMs * 0.9
  app.lifecycle.leftMs = () => Math.max(0, givesBackAt - monotonicClock.now())
  const inTime = new AbortController()
  const late = wait(timeoutMs, 'late' as const, { signal: inTime.signal }).catch(() => 'aborted')
  const end = await Promise.race([app.close().then(() => 'closed' as const), late])
  inTime.abort()
  const ms = Math.round(monotonicClock.now() - begunAt)
  if (end === 'closed') {
    app.log.info({ ms }, 'stopped')
    return true
  }
  const connections = await promisify(app.server.getConnections.bind(app.server))()
  app.log.error({ ms, timeoutMs, connections }, 'stopped before all requests had ended')
  app.server.closeAllConnections()
  return false
}
