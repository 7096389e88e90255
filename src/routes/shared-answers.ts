import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { BridgeClient, BridgeResources } from '../bridge/client.ts'
import type { Payer } from '../bridge/admission/quota.ts'
import { createSingleFlight } from '../bridge/transport/single-flight.ts'
import { whenSent, type UnderWay } from '../frappe/under-way.ts'
import type { JsonBytes } from '../json-bytes.ts'

/** Whose answer it is, and how long it may take. */
interface Asker {
  reply: FastifyReply
  payer: Payer
  signal: AbortSignal
}

/**
 * Makes a large answer for all who ask for the same at the same moment: made once and held once, until the last of them has
 * it. A call that comes after it was made starts a new one, for a slow reader may keep the old one for long. `key` names all
 * that its bytes depend on; whether it is the caller's to see is settled before.
 */
type SharedAnswers = (asker: Asker, key: string, make: MakeAnswer) => Promise<JsonBytes>

/** Says of each part how many bytes it is, before it is kept. */
export type MakeAnswer = (
  bridge: BridgeResources,
  onBytes: (bytes: number) => void,
) => Promise<JsonBytes>

const where = { method: 'GET', route: 'an answer that several wait for' }

export function createSharedAnswers(bridge: BridgeClient, underWay: UnderWay): SharedAnswers {
  const sharing = createSingleFlight()
  let queue = Promise.resolve()
  return async ({ reply, payer, signal }, key, make) => {
    const { bytes, holding } = await sharing(key, { where, signal }, async (signal) => {
      const holding = underWay.open(payer.tenant)
      const leave = holding.join()
      try {
        const bytes = await make(bridge.within(signal, payer), (more) => holding.grow(more))
        return { bytes, holding }
      } finally {
        setImmediate(leave) // by then all who waited hold it
      }
    })
    whenSent(reply.raw, holding.join())
    // Hundreds may have waited: one goes on in each turn of the event loop, so that others have theirs between them.
    await (queue = queue.then(() => turn()))
    return bytes
  }
}
