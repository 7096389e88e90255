import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { BridgeStep, CallRecord } from '../db/ports/history.ts'
import type { CallCount } from '../db/ports/usage.ts'
import { addCount, isAnswered, monthOf } from '../db/rules/usage-month.ts'
import { StoreAwayError } from '../db/store-errors.ts'
import type { LimitName } from '../errors.ts'
import type { Language } from '../language.ts'
import { codeOf, say, type ErrorKey, type Text } from '../texts/say.ts'
import { dayMs } from '../durations.ts'

/** A call under way, as far as it is known. */
export interface OpenCall {
  id: string
  at: number
  method?: string
  tenantId?: string
  siteId?: string | null
  apiKey?: string
  /** Whether it came as far as its method. */
  isAdmitted?: boolean
  request?: string | null
  itemId?: number | null
  bridge: BridgeStep[]
}

/** What a call was refused with. */
export interface Refused {
  excType: string
  text: Text<ErrorKey>
  language: Language
  limit?: LimitName | undefined
  asked?: string | undefined
}

export interface CallLog {
  /** Runs the work as part of a call: what it asks Bridge is remembered with it. */
  follow<T>(call: OpenCall, work: () => T): T
  /** The call at hand; undefined in background work. */
  current(): OpenCall | undefined
  /** Ends a call. One that nobody gave a method is forgotten: strangers fill no disk. */
  end(call: OpenCall, outcome: { status: number; refused: Refused | null }): void
  /** Stores what has gathered since the last time, and counts what was not kept. */
  flush(): Promise<void>
}

/** How many calls go into one commit, which holds up everybody for a millisecond or two; and then waits so long for others' turn. */
const batch = 50
const pauseMs = 5

/**
 * How many calls wait for the next flush; and how many of one key, or of all browsers, are kept of a day, so that a key that
 * was lost, or loops, does not fill the disk with what it asked: three million rows in the thirty days that calls are kept.
 * Of all keys of one tenant together, which may make keys without end, five times as many: a thousand calls for each of five
 * hundred sites, and fifteen million rows in thirty days.
 * Of calls that did not come as far as their method, a wrong secret among them, a thousand of a key and fifty times as many of
 * a tenant, beside the others: whoever knows a key's name shall not use up its day, nor its tenant's.
 * Of one request's callbacks a few are enough to tell what happened: whoever has a link shall not use up all browsers' day.
 * What is not kept counts as usage all the same: hosts bill by it.
 */
export const callsKept = {
  waiting: 10_000,
  inADay: 100_000,
  ofTenant: 500_000,
  callbacks: 30,
  refused: 1_000,
  refusedOfTenant: 50_000,
}

/** How many of Bridge's calls are remembered with one of ours. */
const mostSteps = 20

/** Gathers calls in memory and stores them together: a crash forgets the last second, and no call waits for a disk. */
export function createCallLog({
  clock,
  write,
  count,
  limits = callsKept,
}: {
  clock: Clock
  write: (calls: CallRecord[]) => Promise<void>
  /** Counts answered calls that are not written. */
  count: (calls: CallCount[]) => Promise<void>
  limits?: typeof callsKept
}): CallLog {
  const storage = new AsyncLocalStorage<OpenCall>()
  const gathered: CallRecord[] = []
  /** Answered calls that are not kept, by what they count for. */
  const unkept = new Map<string, CallCount>()
  let kept = { day: 0, of: new Map<string, number>() }

  /** What a call counts in, and how many of a day each of them takes. */
  const boundsOf = (call: OpenCall): [name: string, limit: number][] => {
    const { apiKey, tenantId, isAdmitted, request } = call
    if (apiKey === undefined) {
      return [
        [`callbacks ${request}`, limits.callbacks],
        ['browsers', limits.inADay],
      ]
    }
    return isAdmitted
      ? [
          [`key ${apiKey}`, limits.inADay],
          [`tenant ${tenantId}`, limits.ofTenant],
        ]
      : [
          [`refused ${apiKey}`, limits.refused],
          [`refused of ${tenantId}`, limits.refusedOfTenant],
        ]
  }

  /** Whether a further call like this one may be kept today. */
  const isKept = (call: OpenCall): boolean => {
    const day = call.at - (call.at % dayMs)
    if (kept.day !== day) kept = { day, of: new Map() }
    const bounds = boundsOf(call)
    const countOf = (name: string): number => kept.of.get(name) ?? 0
    // Looked at before any is counted: what one of them refuses costs the other nothing.
    if (bounds.some(([name, bound]) => countOf(name) >= bound)) return false
    for (const [name] of bounds) kept.of.set(name, countOf(name) + 1)
    return true
  }

  let flushing = Promise.resolve()
  async function writeGathered(): Promise<void> {
    while (gathered.length > 0) {
      const next = gathered.slice(0, batch)
      await write(next)
      gathered.splice(0, next.length)
      await wait(pauseMs)
    }
    while (unkept.size > 0) {
      const next = [...unkept].slice(0, batch)
      for (const [key] of next) unkept.delete(key)
      const counts = next.map(([, one]) => one)
      await count(counts).catch((error: unknown) => {
        // They may be counted already then: nobody shall pay for a call twice.
        if (!(error instanceof StoreAwayError)) counts.forEach((one) => addCount(unkept, one))
        throw error
      })
    }
  }

  return {
    follow: (call, work) => storage.run(call, work),
    current: () => storage.getStore(),
    end(call, { status, refused }) {
      if (call.method === undefined) return
      if (gathered.length >= limits.waiting || !isKept(call)) {
        const { at, tenantId, siteId = null } = call
        if (tenantId === undefined || !isAnswered({ status })) return
        return addCount(unkept, { month: monthOf(at), tenantId, siteId, calls: 1 })
      }
      gathered.push({
        id: call.id,
        at: call.at,
        method: call.method,
        status,
        excType: refused?.excType ?? null,
        refusal: refused && toRefusal(refused),
        durationMs: Math.max(0, clock.now() - call.at),
        tenantId: call.tenantId ?? null,
        siteId: call.siteId ?? null,
        apiKey: call.apiKey ?? null,
        request: call.request ?? null,
        itemId: call.itemId ?? null,
        bridge: call.bridge.slice(0, mostSteps),
      })
    },
    // One at a time: what is being written is taken off the list only once it is stored.
    flush: () => (flushing = flushing.catch(() => {}).then(writeGathered)),
  }
}

/** A message that names something long is cut. */
const messageLength = 500

function toRefusal({ text, language, limit, asked }: Refused): CallRecord['refusal'] {
  const named = Object.entries(text.values ?? {}).filter(
    (one): one is [string, string | number] => typeof one[1] !== 'object',
  )
  return {
    code: codeOf(text.key),
    message: say(text, language).slice(0, messageLength),
    named: { ...Object.fromEntries(named), ...(asked !== undefined && { asked }) },
    limit: limit ?? null,
  }
}

/** The connect request and the item that a call's checked arguments or its answer name; what is no id is dropped. */
export function idsNamedIn(named: unknown): { request?: string; itemId?: number } {
  if (typeof named !== 'object' || named === null) return {}
  const { request, item_id: itemId } = named as Record<string, unknown>
  return {
    ...(typeof request === 'string' && /^[a-z0-9]{26}$/.test(request) && { request }),
    ...(Number.isSafeInteger(itemId) && { itemId: itemId as number }),
  }
}
