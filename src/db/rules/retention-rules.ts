import type { RetentionKind } from '../ports/retention.ts'
import type { TableName } from './owned-rows.ts'

/**
 * What more must be so of what is old. `settled`: an event that was applied, and nothing of it is on its way. `over`: a request
 * that no visit and no claim can change any more; `led-to-nothing`: it has no item, or one that is gone from here.
 */
export type AlsoOld = 'settled' | 'over' | 'led-to-nothing'

interface RetentionRule {
  table: TableName
  key: string
  /** The column that tells its age. Where that is null, it is not old. */
  age: string
  /** How long it is kept: the variable, as the configuration has it. */
  days: 'eventsDays' | 'auditDays'
  /** The column that is emptied; else the row goes. */
  empties?: string
  /** The column that is null in all of them. */
  lacks?: string
  also?: readonly AlsoOld[]
}

/**
 * What is forgotten with age, by the names that both schemas have. Each kind has an index by age, of those rows alone that
 * `empties` and `lacks` mean, so that looking costs nothing; of `removals` there are few.
 */
export const retentionRules: Record<RetentionKind, RetentionRule> = {
  'event-bodies': {
    table: 'events',
    key: 'seq',
    age: 'receivedAt',
    days: 'eventsDays',
    empties: 'body',
    also: ['settled'],
  },
  responses: {
    table: 'attempts',
    key: 'id',
    age: 'startedAt',
    days: 'eventsDays',
    empties: 'response',
  },
  calls: { table: 'calls', key: 'id', age: 'at', days: 'eventsDays' },
  events: { table: 'events', key: 'seq', age: 'receivedAt', days: 'auditDays', also: ['settled'] },
  // Links that led to nothing are what a caller can make us keep most of; no other row refers to them.
  'requests-without-item': {
    table: 'connectRequests',
    key: 'id',
    age: 'expiresAt',
    days: 'eventsDays',
    lacks: 'itemId',
    also: ['over'],
  },
  // The request that made a living item says where its renewal ends: it stays as long as the item.
  requests: {
    table: 'connectRequests',
    key: 'id',
    age: 'expiresAt',
    days: 'auditDays',
    also: ['over', 'led-to-nothing'],
  },
  items: { table: 'items', key: 'id', age: 'goneAt', days: 'auditDays' },
  'lost-accounts': { table: 'lostAccounts', key: 'id', age: 'lostAt', days: 'auditDays' },
  audit: { table: 'audit', key: 'id', age: 'at', days: 'auditDays' },
  removals: { table: 'removals', key: 'id', age: 'finishedAt', days: 'auditDays' },
}
