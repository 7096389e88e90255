import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { databaseFile } from '../support/store.ts'
import { claimContract } from './claims.ts'
import { feedRaceContract } from './feed.ts'
import { raceContract, type OpenStores } from './races.ts'

const onFile: OpenStores = (count) => {
  const path = databaseFile()
  return Array.from({ length: count }, () => createSqliteStore(path))
}

raceContract('SQLite on a file', onFile)
claimContract('SQLite on a file', onFile)
feedRaceContract('SQLite on a file', onFile)
