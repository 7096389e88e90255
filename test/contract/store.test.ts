import { join } from 'node:path'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { testFolder } from '../support/store.ts'
import { soleMemberContract } from './members.ts'
import { roomsOn, storeContract } from './store.ts'

const inMemory = () => createSqliteStore(':memory:')
const onFile = () => createSqliteStore(join(testFolder(), 'store.sqlite'))

storeContract('SQLite in memory', inMemory)
storeContract('SQLite on a file', onFile)
soleMemberContract('SQLite on a file', roomsOn(onFile))
