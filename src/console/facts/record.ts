import { gatherStory, type Story } from '../../explain/story.ts'
import { subjectsOf } from '../../explain/subject.ts'
import { linesOf, type Step } from '../../explain/timeline.ts'
import { verdictOf } from '../../explain/judges.ts'
import type { Verdict } from '../../explain/verdict.ts'
import type { Clock } from '../../clock.ts'
import type { Subject } from '../../db/ports/history.ts'
import type { Connection } from '../../db/ports/items.ts'
import type { Store } from '../../db/store.ts'
import { graceMs } from '../../connect/renewal-token.ts'
import type { Keyring } from '../../vault/keyring.ts'
import { banksMeant } from './bank.ts'
import { openTries, type OpenTry } from '../../webhooks/relay/tries.ts'

/** All that a page shows of one record. */
export interface RecordView {
  now: number
  story: Story
  verdict: Verdict
  /** The newest first. */
  steps: Step[]
  /** How many steps are left out. */
  older: number
  /** Of an event: its tries, with the beginning of what the site answered. */
  tries: OpenTry[]
  /** Of a site: its connections that live. */
  connections: Pick<Connection, 'item' | 'user'>[]
  /** Whether a renewal link of the item would be good. */
  canRenew: boolean
}

interface Deps {
  store: Store
  keyring: Keyring
  clock: Clock
}

/** How many steps are told; `explain` tells all. */
const mostSteps = 40

/** What is known of a record; undefined when there is none of that kind and id. */
export async function readRecord(
  { store, keyring, clock }: Deps,
  { kind, id }: Subject,
): Promise<RecordView | undefined> {
  const subjects = await store.findSubjects(id, 10)
  const subject = subjects.find((one) => one.kind === kind && one.id === id)
  if (!subject) return undefined
  const story = await gatherStory(store, subject)
  const now = clock.now()
  const steps = linesOf(story).toReversed()
  const isEvent = kind === 'event' || kind === 'delivery'
  const delivery = isEvent ? await store.findDelivery(id) : undefined
  const [held] = kind === 'item' || kind === 'account' ? story.items : []
  const end = held?.item.authenticationExpiresAt ?? null
  return {
    now,
    story,
    verdict: verdictOf(story, now),
    steps: steps.slice(0, mostSteps),
    older: Math.max(0, steps.length - mostSteps),
    tries: openTries({ keyring }, delivery),
    connections: kind === 'site' ? await store.listConnections({ siteId: id }) : story.items,
    canRenew:
      held !== undefined && held.item.goneAt === null && end !== null && now <= end + graceMs,
  }
}

/** One of several records that a word may mean. */
export interface Meant {
  subject: Subject | { kind: 'bank'; id: string }
  bank: string | null
  user: string | null
  site: string | null
  tenant: string | null
}

/** What a word means: one record, several, or none. */
export async function readMeant(deps: Deps, word: string): Promise<Meant[]> {
  const banks = (await banksMeant(deps.store, word)).map(({ id, name }) => ({
    subject: { kind: 'bank' as const, id: String(id) },
    bank: name,
    user: null,
    site: null,
    tenant: null,
  }))
  const subjects = await subjectsOf(deps, word)
  if (subjects.length + banks.length < 2) {
    const alone = { bank: null, user: null, site: null, tenant: null }
    return [...subjects.map((subject) => ({ subject, ...alone })), ...banks]
  }
  const stories = await Promise.all(subjects.map((one) => gatherStory(deps.store, one)))
  const records = stories.map(({ subject, user, site, tenant }) => ({
    subject,
    bank: null,
    user: user?.name ?? null,
    site: site?.name ?? null,
    tenant: tenant?.name ?? null,
  }))
  return [...records, ...banks]
}
