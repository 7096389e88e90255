import { expect, it } from 'vitest'
import { nameOfDatabase } from '../../../src/db/open.ts'

it.each([
  ['/data/bank-api.sqlite', '/data/bank-api.sqlite'],
  ['postgres://ann:topsecret@db.example:6432/bank?sslmode=require', 'db.example:6432/bank'],
  ['postgres://ann:topsecret@localhost/bank?host=/run/postgresql', '/run/postgresql:5432/bank'],
])('%s is named without who logs in', (given, name) => {
  const location = given.startsWith('/') ? given : { url: given, poolSize: 1 }

  expect(nameOfDatabase(location)).toBe(name)
})
