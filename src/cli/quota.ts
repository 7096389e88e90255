import { Command } from 'commander'
import { savedBridgeStatus } from '../bridge/admission/bridge-status.ts'
import type { QuotaState } from '../bridge/admission/quota.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { quotaOf, type Installation } from './installation.ts'
import { time } from './print.ts'

/** `bank-api quota` */
export function quotaCommand({
  printOne,
  printTable,
  withInstallation,
  terminal: { say, sayJson },
}: CommandContext): Command {
  return new Command('quota')
    .description('how the server stands with Bridge: what is left of the quota, and who waits')
    .option('--json')
    .action((options: { json?: boolean }) =>
      withInstallation(async (installation) => {
        const { store } = installation
        const saved = await store.readBridgeStatus()
        const read = savedBridgeStatus.safeParse(saved?.status)
        if (!saved || !read.success)
          throw new CommandError('The server has written nothing down yet')
        const { breaker, credentials } = read.data
        const quota = { ...read.data.quota, ...(await sharedQuota(installation)) }
        const names = new Map((await store.listTenants()).map(({ id, name }) => [id, name]))
        const tenants = quota.tenants.map(({ tenant, waiting, available }) => ({
          tenant: tenant === '' ? 'the server itself' : (names.get(tenant) ?? tenant),
          waiting,
          available,
        }))
        const summary = {
          as_of: time(saved.at),
          available: quota.available,
          burst: quota.burst,
          per_second: quota.perSecond,
          waiting: quota.waiting,
          granted: quota.granted,
          refused: quota.refused,
          bridge_down_since: time(breaker.since),
          next_try: time(breaker.nextTryAt),
          outages: breaker.opened,
          credentials_refused_since: time(credentials.refusedSince),
        }
        if (options.json) {
          sayJson({ ...summary, tenants })
          return
        }
        printOne(summary, options)
        say()
        printTable(tenants, options)
      }),
    )
}

/** Where servers share the quota: what is left of it now, and who waits with any of them. */
async function sharedQuota(
  installation: Installation,
): Promise<Pick<QuotaState, 'available' | 'waiting' | 'tenants'> | undefined> {
  if (!installation.store.quota) return undefined
  const quota = await quotaOf(installation)
  await quota.refresh()
  const { available, waiting, tenants } = quota.state()
  return { available, waiting, tenants }
}
