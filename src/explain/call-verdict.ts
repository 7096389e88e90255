import { keyState } from '../auth/api-keys.ts'
import type { ListedCall } from '../db/ports/history.ts'
import { fromNow, lasting } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import type { Code } from '../texts/say.ts'
import { explained } from '../texts/explained.ts'
import { enableTenant, moveSite, newKey, together } from './commands.ts'
import { limitTexts } from './limit-texts.ts'
import type { Story } from './story.ts'
import type { Judge, Verdict } from './verdict.ts'

/** A call that went well, one that was refused and why, or a browser that came back. */
export const verdictOfCall: Judge = (story, now) => {
  const [call] = story.calls
  if (!call) return { what: 'Nothing is known about this call any more.' }
  const method = shortMethod(call.method)
  if (call.status < 400) {
    return { what: `${method} was answered with ${call.status} in ${tookWith(call)}.` }
  }
  const { refusal } = call
  const said = refusal ? `${call.status} ${refusal.code}` : `${call.status} ${call.excType ?? ''}`
  return together(
    { what: `${method} was refused with ${said.trim()}.` },
    whyRefused(story, call, now),
  )
}

export const shortMethod = (method: string): string => method.replace(/^bank_api\.bridge\./, '')

function tookWith({ durationMs, bridge }: ListedCall): string {
  const atBridge = bridge.reduce((sum, { ms }) => sum + ms, 0)
  const share = bridge.length === 0 ? '' : `, ${lasting(atBridge)} of it at Bridge`
  return `${lasting(durationMs)}${share}`
}

function whyRefused(story: Story, call: ListedCall, now: number): Verdict {
  const { refusal } = call
  if (!refusal) return { what: 'It was kept by an older version, which did not note why.' }
  const known: Verdict | undefined = explainers[refusal.code as Code]?.(story, call, now)
  if (known) return known
  if (refusal.limit) {
    const { met, remedy } = limitTexts[refusal.limit]
    return { what: met, remedy }
  }
  const { means, remedy } = explained[refusal.code as Code] ?? {
    means: 'This version does not know that code.',
  }
  const asked = failedAtBridge(call)
  return { what: asked === undefined ? means : `${means} ${asked}`, remedy }
}

/** Which of Bridge's answers it was. */
function failedAtBridge({ bridge }: ListedCall): string | undefined {
  const failed = bridge.findLast(({ status }) => status === null || status >= 400)
  return failed && `Asked was ${failed.call}: ${failed.status ?? 'no answer'}.`
}

/** What we know beyond the code. */
const explainers: Partial<Record<Code, (story: Story, call: ListedCall, now: number) => Verdict>> =
  {
    credentials_invalid: aboutKey,
    item_not_found: aboutNamed,
    account_not_found: aboutNamed,
    connect_request_not_found: aboutNamed,
    user_not_found: aboutNamed,
    site_not_found: aboutNamed,
    address_not_allowed: (story) => ({
      what: `It named an address that is none of ${story.site?.name ?? 'the site'}'s, which is at ${story.site?.origin ?? 'no address yet'}.`,
      remedy: 'If the site has moved, say where it is now:',
      commands: moveSite(story),
    }),
  }

function aboutKey(story: Story, call: ListedCall, now: number): Verdict {
  const { key, tenant, site } = story
  if (!key || !tenant) return { what: 'The key is not here any more.' }
  const whose = `The key of ${site?.name ?? `tenant ${tenant.name}`}`
  switch (keyState(key, tenant, call.at)) {
    case 'revoked':
      return {
        what: `${whose} was revoked ${fromNow(key.revokedAt ?? call.at, now)}.`,
        remedy: 'If the site is to work again, give it a new key:',
        commands: newKey(story),
      }
    case 'expired':
      return {
        what: `${whose} expired ${fromNow(key.expiresAt ?? call.at, now)}.`,
        remedy: 'Give the site a new key:',
        commands: newKey(story),
      }
    case 'disabled':
      return {
        what: `Tenant ${tenant.name} is disabled, so none of its keys works.`,
        remedy: 'Let it work again:',
        commands: enableTenant(story),
      }
    case 'active':
  }
  if (site && site.removedAt !== null) return { what: `Site ${site.name} is being deleted.` }
  const rotated =
    key.rotatedAt === null
      ? 'its secret is another than the one given'
      : `it has a new secret, made ${fromNow(key.rotatedAt, now)}, and the one given is not it`
  return {
    what: `${whose} is good, but ${rotated}.`,
    remedy: 'Compare with what was printed when the secret was made, or make a new one:',
    commands: [command`key rotate ${key.apiKey}`],
  }
}

/** Whose that is which the caller was told is not there: what we may not tell it. */
function aboutNamed({ named, key, tenant }: Story, { refusal }: ListedCall, now: number): Verdict {
  const [one] = named
  const general = explained[refusal?.code as Code]
  if (!one || !tenant)
    return { what: 'There is none of that name or number here.', remedy: general?.remedy }
  const user = one.user ? `${one.user} on ` : ''
  const owner = `${user}${one.site.name} of tenant ${one.tenant}`
  const isSeen =
    one.site.tenantId === key?.tenantId && (key.siteId === null || key.siteId === one.site.id)
  if (!isSeen) {
    return {
      what: `${one.what} belongs to ${owner}, which this key does not see; the caller was not told.`,
      remedy:
        one.site.tenantId === key?.tenantId
          ? `Call with a key of ${one.site.name}, or with one of the whole tenant.`
          : 'Each tenant sees its own. Was a number copied from elsewhere?',
    }
  }
  if (one.goneAt !== null) {
    return {
      what: `${one.what} of ${owner} went ${fromNow(one.goneAt, now)}.`,
      remedy: general?.remedy,
    }
  }
  return {
    what: `${one.what} belongs to ${owner}: it came after the call, or the call named another user or site.`,
    remedy: 'Leave `user` and `site` out, or give those of the answer that named it.',
  }
}
