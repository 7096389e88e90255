import { keyState } from '../auth/api-keys.ts'
import { fromNow } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import { enableTenant, newKey, together } from './commands.ts'
import { shortMethod } from './call-verdict.ts'
import { troubleOfDeliveries } from './event-verdict.ts'
import type { Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

/** A key: whether it opens the door, and how its calls fare. */
export const verdictOfKey: Judge = (story, now) => {
  const { key, tenant, site } = story
  if (!key || !tenant) return { what: 'There is no such key.' }
  const sees = site ? site.name : `all sites of ${tenant.name}`
  const name = key.label === null ? 'The key' : `The key “${key.label}”`
  switch (keyState(key, tenant, now)) {
    case 'revoked':
      return together(
        { what: `${name} of ${sees} was revoked ${fromNow(key.revokedAt ?? now, now)}.` },
        usedInVain(story, key.revokedAt ?? now),
      )
    case 'expired':
      return {
        what: `${name} of ${sees} expired ${fromNow(key.expiresAt ?? now, now)}.`,
        remedy: 'A new one:',
        commands: newKey(story),
      }
    case 'disabled':
      return {
        what: `${name} of ${sees} does not work: the tenant is disabled.`,
        remedy: 'Let it work again:',
        commands: enableTenant(story),
      }
    case 'active':
  }
  const used =
    key.lastUsedAt === null ? 'was never used' : `was last used ${fromNow(key.lastUsedAt, now)}`
  return together({ what: `${name} of ${sees} is good and ${used}.` }, refusedLately(story, now))
}

/** Who still calls with a key that is good no more. */
function usedInVain(story: Story, since: number): Verdict | undefined {
  const { length } = story.calls.filter(({ at, status }) => at >= since && status === 401)
  if (length === 0) return undefined
  const calls = length === 1 ? '1 call has' : `${length} calls have`
  return {
    what: `Since then ${calls} been refused.`,
    remedy: 'If the site is to work again, give it a new key:',
    commands: newKey(story),
  }
}

/** What of the kept calls was refused. */
function refusedLately({ calls }: Story, now: number): Verdict {
  const refused = calls.filter(({ status }) => status >= 400)
  const last = refused.at(-1)
  if (!last) return { what: calls.length === 0 ? '' : `Its last ${calls.length} calls went well.` }
  const why = last.refusal?.code ?? last.excType ?? last.status
  return {
    what: `Of its last ${calls.length} calls ${refused.length} were refused, the last one ${fromNow(last.at, now)}: ${shortMethod(last.method)}, ${why}.`,
    remedy: 'That one:',
    commands: [command`explain ${last.id}`],
  }
}

/** A site: where its webhooks go, how that fares, and how its calls do. */
export const verdictOfSite: Judge = (story, now) => {
  const { site, tenant, endpoint } = story
  if (!site || !tenant) return { what: 'There is no such site.' }
  const name = `Site ${site.name} of tenant ${tenant.name}`
  if (site.removedAt !== null) return { what: `${name} is being deleted.` }
  if (tenant.disabledAt !== null) {
    return {
      what: `${name} does not work: its tenant was disabled ${fromNow(tenant.disabledAt, now)}.`,
      remedy: 'Let it work again:',
      commands: enableTenant(story),
    }
  }
  const failing = endpoint?.failingSince ?? null
  const webhooks =
    site.webhookUrl === null
      ? 'It has no webhook URL, so its events are only kept.'
      : failing === null
        ? 'Its webhooks are taken.'
        : `Its webhooks began to fail ${fromNow(failing, now)}.`
  return together(
    { what: `${name}:` },
    { what: webhooks },
    troubleOfDeliveries(story, now),
    refusedLately(story, now),
  )
}
