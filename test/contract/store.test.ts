import { join } from 'node:path'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { testFolder } from '../support/store.ts'
import { storeContract } from './store.ts'

storeContract('SQLite in memory', () => createSqliteStore(':memory:'))
storeContract('SQLite on a file', () => createSqliteStore(join(testFolder(), 'store.sqlite')))
