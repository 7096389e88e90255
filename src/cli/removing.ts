import type { BridgeClient } from '../bridge/client.ts'
import { remove, type RemovalOrder } from '../removal/remove.ts'
import type { Installation } from './installation.ts'
import { printOne, time } from './print.ts'
import { createProgress } from './progress.ts'

export interface RemovalOptions {
  bridgeUsers?: boolean
  json?: boolean
}

/** Deletes what the order names and prints the receipt; on a terminal, tells how far it is. */
export async function removeAndPrint(
  installation: Installation & { bridge: BridgeClient },
  order: Omit<RemovalOrder, 'withBridgeUsers'>,
  options: RemovalOptions,
): Promise<void> {
  const { config, by } = installation
  const progress = createProgress()
  let users = 0
  const onUser = (): void => {
    users += 1
    progress.tell(`${users} users done`)
  }
  const withBridgeUsers = options.bridgeUsers ?? config.deleteBridgeUsers
  const removal = await remove({ ...installation, onUser }, { ...order, withBridgeUsers }, by)
  progress.end()
  const { id, kind, name, startedAt, finishedAt, receipt } = removal
  printOne(
    {
      deleted: kind,
      name,
      receipt: id,
      started: time(startedAt),
      finished: time(finishedAt),
      ...receipt,
    },
    options,
  )
}
