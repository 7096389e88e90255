import { and, eq } from 'drizzle-orm'
import type { QuotaStore } from '../../ports/quota.ts'
import type { QuotaAsk } from '../../../quota-lending.ts'
import { lendQuota, untouchedQuota } from '../../rules/quota-lending.ts'
import { LostRaceError } from '../errors.ts'
import { bridgeQuota } from '../schema/index.ts'
import { first, type Tools } from '../tools.ts'

/** The one row's key. */
const id = 1

export function quotaOperations({ run }: Tools): QuotaStore {
  return {
    // Without a lock: a member that is frozen while it has one would keep all others from calling.
    lendQuota: (ask) =>
      run(async (db) => {
        const found = await first(db.select().from(bridgeQuota))
        const before = found?.state ?? untouchedQuota
        const { state, answer } = lendQuota(before, ask)
        if (isQuestion(ask) && countOf(state.keys) === countOf(before.keys)) return answer
        const version = (found?.version ?? 0) + 1
        const written = found
          ? await db
              .update(bridgeQuota)
              .set({ state, version })
              .where(and(eq(bridgeQuota.id, id), eq(bridgeQuota.version, found.version)))
          : await db.insert(bridgeQuota).values({ id, state, version }).onConflictDoNothing()
        if (written.rowCount === 0)
          throw new LostRaceError('Another member was lent some meanwhile')
        return answer
      }),
  }
}

const countOf = (keys: object): number => Object.keys(keys).length

/** Whoever only asks how it stands changes nothing, but that users who called long ago are forgotten. */
const isQuestion = ({ wants, unused, holds }: QuotaAsk): boolean =>
  wants.length + unused.length + holds.length === 0
