import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { databaseFile } from '../support/store.ts'
import { soleMemberContract } from './members.ts'
import { roomsOn, storeContract } from './store.ts'

const onFile = () => createSqliteStore(databaseFile())

storeContract('SQLite', onFile)
soleMemberContract('SQLite', roomsOn(onFile))
