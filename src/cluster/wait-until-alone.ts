import { setTimeout as realWait } from 'node:timers/promises'
import { DatabaseInUseError } from '../db/store-errors.ts'
import type { MemberStore } from '../db/ports/members.ts'
import { renewMs, silentMs } from './liveness.ts'

const lookMs = 500

/**
 * Resolves once this member is the only one: one that died is gone after its silence. Throws a DatabaseInUseError when
 * another gives a sign of life.
 */
export async function waitUntilAlone(
  store: Pick<MemberStore, 'listMembers'>,
  id: string,
  wait: (ms: number) => Promise<unknown> = realWait,
): Promise<void> {
  const seenFirst = new Map<string, number>()
  for (let waitedMs = 0; ; waitedMs += lookMs) {
    const others = (await store.listMembers()).filter((member) => member.id !== id)
    if (others.length === 0) return
    const isOver = waitedMs > silentMs + renewMs
    const living = others.find(
      (one) => isOver || (seenFirst.get(one.id) ?? one.seenAt) !== one.seenAt,
    )
    if (living) {
      throw new DatabaseInUseError(
        `Another bank-api serves this database: process ${living.pid} on ${living.host}. The sandbox in the box is for ` +
          'one server alone. For several, run it by itself (npm run sandbox), and give all of them its address as ' +
          'BRIDGE_BASE_URL, with BRIDGE_CLIENT_ID and BRIDGE_CLIENT_SECRET, and an empty database.',
      )
    }
    for (const { id: other, seenAt } of others) seenFirst.set(other, seenFirst.get(other) ?? seenAt)
    await wait(lookMs)
  }
}
