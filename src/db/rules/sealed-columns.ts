import type { SealedColumn } from '../ports/sealed.ts'
import type { TableName } from './owned-rows.ts'

interface SchemaColumn {
  table: TableName
  /** Its row's key, and the id its row is named with when it is sealed. */
  key: string
  rowId: string
  column: string
}

/** Where sealed values stand, by the names that both schemas have. */
export const schemaColumns: Record<SealedColumn, SchemaColumn> = {
  'webhook-secret': { table: 'sites', key: 'id', rowId: 'id', column: 'webhookSecret' },
  'previous-webhook-secret': {
    table: 'endpoints',
    key: 'siteId',
    rowId: 'siteId',
    column: 'previousSecret',
  },
  'user-email': { table: 'bridgeUsers', key: 'id', rowId: 'id', column: 'email' },
  'event-body': { table: 'events', key: 'seq', rowId: 'id', column: 'body' },
  response: { table: 'attempts', key: 'id', rowId: 'deliveryId', column: 'response' },
}

/** Of data keys, oldest first, those that another one followed before then. */
export const followed = <Key extends { createdAt: number }>(
  keys: readonly Key[],
  before: number,
): Key[] => keys.filter((_, age) => (keys[age + 1]?.createdAt ?? Infinity) < before)

/** What a value begins with that was sealed with this data key: the length of its id, and the id. */
export const sealedPrefix = (keyId: string): Buffer => {
  const id = Buffer.from(keyId)
  return Buffer.concat([Buffer.from([id.length]), id])
}
