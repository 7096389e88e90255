import { getTableColumns, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { expect, test } from 'vitest'
import { ownedRows } from '../../../../src/db/rules/owned-rows.ts'
import { schemaColumns } from '../../../../src/db/rules/sealed-columns.ts'
import * as schema from '../../../../src/db/sqlite/schema/index.ts'

/** The columns of bytes, `table.column`: whatever is secret is stored as bytes, and bytes are nothing else. */
const secretColumns = Object.entries(schema).flatMap(([name, table]) =>
  is(table, SQLiteTable)
    ? Object.entries(getTableColumns(table))
        .filter(([, column]) => column.getSQLType() === 'blob')
        .map(([column]) => `${name}.${column}`)
    : [],
)

test('a secret column of a tenant is kept back from its export, or opened there on purpose', () => {
  const kinds = Object.values(ownedRows)
  const keptBack = kinds.flatMap(({ table, keptBack = [] }) =>
    keptBack.map((column) => `${table}.${column}`),
  )
  const owned = secretColumns.filter((name) =>
    kinds.some(({ table }) => name.startsWith(`${table}.`)),
  )

  const exported = owned.filter((name) => !keptBack.includes(name))

  // `opened` in src/export/tenant-export.ts shows them in the clear.
  expect(exported.toSorted()).toEqual(['attempts.response', 'bridgeUsers.email', 'events.body'])
})

test('a secret column is sealed anew by a rekey, or is none that the data key opens', () => {
  const sealed = Object.values(schemaColumns).map(({ table, column }) => `${table}.${column}`)

  expect(secretColumns.filter((name) => !sealed.includes(name)).toSorted()).toEqual([
    // Hashed with the pepper, which stays.
    'accounts.ibanFingerprint',
    'accounts.ownerPrint',
    'apiKeys.previousSecretHash',
    'apiKeys.secretHash',
    // Wrapped with the master key, by `rekey` itself.
    'dataKeys.wrappedKey',
    'instance.wrappedPepper',
    'lostAccounts.ownerPrint',
    'sessions.secretHash',
  ])
})
