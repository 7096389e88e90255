import { Command } from 'commander'
import { savedBridgeStatus } from '../bridge/admission/bridge-status.ts'
import type { QuotaState } from '../bridge/admission/quota.ts'
import type { ListedCall } from '../db/ports/history.ts'
import { hourMs } from '../durations.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { quotaOf, type Installation } from './installation.ts'
import { time, type Row } from './print.ts'

/** `bank-api quota` */
export function quotaCommand({
  printOne,
  printTable,
  withInstallation,
  terminal: { say, sayJson },
}: CommandContext): Command {
  return new Command('quota')
    .description(
      'how the server stands with Bridge: what is left of the quota, for one user too, and who waits',
    )
    .option('--json')
    .action((options: { json?: boolean }) =>
      withInstallation(async (installation) => {
        const { store, config } = installation
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
        const users = await refusedForUsers(installation)
        const summary = {
          as_of: time(saved.at),
          available: quota.available,
          burst: quota.burst,
          per_second: quota.perSecond,
          waiting: quota.waiting,
          granted: quota.granted,
          refused: quota.refused,
          per_user_minute: config.quota.userPerMinute,
          user_refused: users.length,
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
        if (tenants.length > 0) {
          say()
          printTable(tenants, options)
        }
        if (summary.user_refused === 0) return
        say('', 'One user was asked for too often, within an hour:')
        printTable(bySite(users), options)
      }),
    )
}

/** The calls that were refused within an hour as one user had spent what Bridge allows him in a minute, at most 1,000. */
async function refusedForUsers({ store, clock }: Installation): Promise<ListedCall[]> {
  const status = { from: 429, until: 430 }
  const calls = await store.listCalls({ status, since: clock.now() - hourMs }, { limit: 1_000 })
  return calls.filter(({ refusal }) => refusal?.limit === 'bridge_user')
}

/** Of which sites they were, the busiest first. */
function bySite(calls: readonly ListedCall[]): Row[] {
  const sites = Map.groupBy(calls, ({ site, tenant }) => JSON.stringify([tenant, site]))
  return [...sites.values()]
    .toSorted((a, b) => b.length - a.length)
    .map((of) => ({ tenant: of[0]?.tenant ?? null, site: of[0]?.site ?? null, refused: of.length }))
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
