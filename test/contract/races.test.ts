import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { databaseFile } from '../support/store.ts'
import { raceContract } from './races.ts'

raceContract('SQLite', (count) => {
  const path = databaseFile()
  return Array.from({ length: count }, () => createSqliteStore(path))
})
