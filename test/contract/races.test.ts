import { join } from 'node:path'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { testFolder } from '../support/store.ts'
import { raceContract } from './races.ts'

raceContract('SQLite on a file', (count) => {
  const path = join(testFolder(), 'store.sqlite')
  return Array.from({ length: count }, () => createSqliteStore(path))
})
