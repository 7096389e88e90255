import { onTestFinished } from 'vitest'
import type { Store } from '../../src/db/store.ts'
import { testRooms } from '../support/tenants.ts'
import { eventContract } from './events.ts'
import { feedContract, feedReportContract } from './feed.ts'
import { figureContract } from './figures.ts'
import { endpointContract } from './endpoints.ts'
import { historyContract } from './history.ts'
import { siteContract } from './sites.ts'
import { alertContract } from './alerts.ts'
import { overviewContract } from './overview.ts'
import { portalContract } from './portal.ts'
import { consoleContract } from './console.ts'
import { allowanceContract } from './allowances.ts'
import { accountReturnContract } from './account-returns.ts'
import { accountContract } from './accounts.ts'
import { reminderMailContract } from './reminder-mails.ts'
import { reminderContract } from './reminders.ts'
import { auditContract } from './audit.ts'
import { exportContract } from './exports.ts'
import { instanceContract } from './instance.ts'
import { memberContract } from './members.ts'
import { itemContract } from './items.ts'
import { keyContract } from './keys.ts'
import { removalContract } from './removals.ts'
import { requestContract } from './requests.ts'
import { sealedContract } from './sealed.ts'
import { tenantContract } from './tenants.ts'
import { usageContract } from './usage.ts'
import { userContract } from './users.ts'

/** Fresh rooms on an empty store of the engine under test. */
export type OpenRooms = () => ReturnType<typeof testRooms>

/** Rooms on a store that is closed when the test ends. */
export const roomsOn =
  (open: () => Store): OpenRooms =>
  () => {
    const store = open()
    onTestFinished(() => store.close())
    return testRooms(store)
  }

/** What an engine is made for. */
export interface Made {
  /** One server at a time, by whose clock times move along when it is set. */
  forOneServer: boolean
}

/** What every engine behind the Store port promises. `open` gives an empty, migrated store. */
export function storeContract(
  name: string,
  open: () => Store,
  made: Made = { forOneServer: true },
): void {
  const rooms = roomsOn(open)
  instanceContract(name, rooms)
  memberContract(name, rooms)
  tenantContract(name, rooms)
  eventContract(name, rooms)
  feedContract(name, rooms)
  feedReportContract(name, rooms)
  figureContract(name, rooms)
  endpointContract(name, rooms)
  historyContract(name, rooms)
  siteContract(name, rooms)
  alertContract(name, rooms)
  consoleContract(name, rooms)
  portalContract(name, rooms)
  overviewContract(name, rooms)
  allowanceContract(name, rooms)
  accountContract(name, rooms)
  accountReturnContract(name, rooms)
  reminderContract(name, rooms)
  reminderMailContract(name, rooms)
  auditContract(name, rooms)
  userContract(name, rooms)
  requestContract(name, rooms, made)
  itemContract(name, rooms)
  keyContract(name, rooms)
  sealedContract(name, rooms)
  removalContract(name, rooms)
  exportContract(name, rooms)
  usageContract(name, rooms)
}
