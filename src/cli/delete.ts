import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import type { BridgeClient } from '../bridge/client.ts'
import { hasLivingServer } from '../cluster/liveness.ts'
import type { Removal } from '../db/ports/removals.ts'
import { beginRemoval, finish, type RemovalOrder } from '../erasure/erase.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import type { Installation } from './installation.ts'
import { time } from './print.ts'

export interface RemovalOptions {
  bridgeUsers?: boolean
  dryRun?: boolean
  yes?: boolean
  json?: boolean
}

/** The options of a command that deletes. */
export const deleting = (command: Command): Command =>
  command
    .option('--bridge-users', 'delete its users at Bridge too')
    .option('--dry-run', 'tell what would go, and delete nothing')
    .option('--yes', 'do not ask')
    .option('--json')

/**
 * Asks, then deletes what the order names and prints the receipt; on a terminal, tells how far it is. A server that runs does the work,
 * within its own quota of Bridge's; without one it is done here.
 */
export async function removeAndPrint(
  { confirm, printOne, withProgress }: CommandContext,
  installation: Installation & { bridge: BridgeClient },
  order: Omit<RemovalOrder, 'withBridgeUsers'>,
  options: RemovalOptions,
): Promise<void> {
  const { config, store, by } = installation
  const { kind, name } = order
  const withBridgeUsers = options.bridgeUsers ?? config.deleteBridgeUsers
  const plan = async () => ({
    would_delete: kind,
    name,
    ...(await store.countToRemove({ ...order, withBridgeUsers })),
  })
  if (options.dryRun) return printOne(await plan(), options)
  // One that was begun goes on by itself, whatever is answered.
  const isBegun = (await store.listOpenRemovals()).some((one) => one.subjectId === order.subjectId)
  if (!isBegun) await confirm({ name, act: 'delete it here and at Bridge', plan }, options)

  const begun = await beginRemoval(installation, { ...order, withBridgeUsers }, by)
  const removal = await withProgress(async (tell) => {
    const tellUsers = (count: number): void => tell(`${count} users done`)
    let users = 0
    const onUser = (): void => tellUsers((users += 1))
    const watched = await watch(installation, begun, tellUsers)
    return watched ?? finish({ ...installation, onUser }, begun)
  })
  const { id, startedAt, finishedAt, receipt } = removal
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

const lookMs = 250

/** Without a step in this time there is nothing to wait for. */
const patienceMs = 120_000

/** Watches the server carry a deletion out; undefined when none runs. */
export async function watch(
  { store, clock }: Pick<Installation, 'store' | 'clock'>,
  { id }: Removal,
  tell: (users: number) => void,
  pause: (ms: number) => Promise<void> = wait,
): Promise<Removal | undefined> {
  let last = { receipts: '', waitedMs: 0 }
  for (;;) {
    const removal = await store.getRemoval(id)
    if (removal.finishedAt !== null) return removal
    if (!(await hasLivingServer({ store, clock }))) return undefined
    // It may be at another one, which was ordered before: that is headway too.
    const open = await store.listOpenRemovals()
    const receipts = JSON.stringify(open.map((one) => one.receipt))
    last = receipts === last.receipts ? last : { receipts, waitedMs: 0 }
    if (last.waitedMs >= patienceMs) {
      throw new CommandError(
        'The server makes no headway: is Bridge there? It goes on by itself; the same command shows the receipt.',
      )
    }
    tell(removal.receipt.users)
    await pause(lookMs)
    last.waitedMs += lookMs
  }
}
