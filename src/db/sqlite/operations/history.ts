import type { HistoryStore } from '../../ports/history.ts'
import type { GroupCommit } from '../group-commit.ts'
import { calls } from '../schema/index.ts'
import { given, prepared, type Tools } from '../tools.ts'
import { findTimeline } from './timeline.ts'

const storeCall = prepared((db) =>
  db
    .insert(calls)
    .values({
      id: given('id'),
      at: given('at'),
      method: given('method'),
      status: given('status'),
      excType: given('excType'),
      refusal: given('refusal'),
      durationMs: given('durationMs'),
      tenantId: given('tenantId'),
      siteId: given('siteId'),
      apiKey: given('apiKey'),
      request: given('request'),
      itemId: given('itemId'),
      bridge: given('bridge'),
    })
    .onConflictDoNothing()
    .prepare(),
)

export function historyOperations({
  db,
  read,
  group,
}: Tools & { group: GroupCommit }): HistoryStore {
  return {
    addCalls: (records) =>
      group(() => {
        for (const record of records) storeCall(db).run({ ...record })
      }),

    findTimeline: (word) => read(() => findTimeline(db, word)),
  }
}
