import type { HistoryStore } from '../../ports/history.ts'
import { calls } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { findTimeline } from './timeline.ts'

export function historyOperations({ run }: Tools): HistoryStore {
  return {
    addCalls: (records) =>
      run(async (db) => {
        if (records.length === 0) return
        await db
          .insert(calls)
          .values([...records])
          .onConflictDoNothing()
      }),

    findTimeline: (word) => run((db) => findTimeline(db, word)),
  }
}
