import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import { BridgeError, BridgeGivenUpError, BridgeQuotaError, isBridge } from './bridge-errors.ts'
import type { BridgeResources } from './client.ts'
import type { Category } from './resources/categories.ts'
import type { Provider } from './resources/providers.ts'
import { dayMs, minuteMs } from '../durations.ts'

/** How long what is older than a day is given unasked, once Bridge could not give it anew. */
const pauseMs = minuteMs

/** How long a bank that Bridge does not know is not asked for again: each time would cost a call of the quota. */
const unknownMs = 10 * minuteMs

/**
 * What Bridge tells everyone alike: kept a day, or until Bridge can give it anew, and asked for once however many wait for it.
 */
export interface ReferenceData {
  bank(providerId: number): Promise<Provider>
  /** The whole tree, parents with their children. */
  categories(language: string): Promise<Category[]>
  /** When Bridge gave us what these would answer now, epoch milliseconds; undefined when it is not kept. */
  bankReadAt(providerId: number): number | undefined
  categoriesReadAt(language: string): number | undefined
  /** The same data, asked for in this caller's turn when it is not there. */
  through(bridge: () => BridgeResources): ReferenceData
}

interface Kept<T> {
  value: T
  readAt: number
}

/** Kept for a day of `steady`, a clock that nobody sets. */
export function createReferenceData(
  bridge: BridgeResources,
  clock: Clock,
  steady: Clock = clock,
): ReferenceData {
  const cacheOf = <Key extends string | number, T>(
    max: number,
    read: (from: BridgeResources, key: Key) => Promise<T>,
  ) =>
    new LRUCache<Key, Kept<T>, () => BridgeResources>({
      ttl: dayMs,
      ttlResolution: 0,
      perf: steady,
      max,
      fetchMethod: async (key, stale, { context, options }) => {
        try {
          return { value: await read(context(), key), readAt: clock.now() }
        } catch (error) {
          const isOutdated = !(error instanceof BridgeError) || error.kind === 'missing'
          if (!stale || isOutdated) throw error
          options.ttl = pauseMs
          return stale
        }
      },
    })
  const unknown = new LRUCache<number, BridgeError>({
    ttl: unknownMs,
    ttlResolution: 0,
    perf: steady,
    max: 2_000,
  })
  const banks = cacheOf(2_000, async (from, id: number) => {
    const refusal = unknown.get(id)
    if (refusal !== undefined) throw refusal
    return from.providers.get(id).catch((error: unknown) => {
      if (isBridge(error, 'missing')) unknown.set(id, error)
      throw error
    })
  })
  const categories = cacheOf(10, (from, language: string) => from.categories.list({ language }))

  const through = (bridge: () => BridgeResources): ReferenceData => ({
    categories: (language) => valueOf(categories, language, bridge),
    bank: (providerId) => valueOf(banks, providerId, bridge),
    bankReadAt: (providerId) => banks.peek(providerId)?.readAt,
    categoriesReadAt: (language) => categories.peek(language)?.readAt,
    through,
  })
  return through(() => bridge)
}

/** What is kept, or is read now: what ends the reading in another caller's turn is not said to this one, who then reads. */
async function valueOf<Key extends string | number, T>(
  cache: LRUCache<Key, Kept<T>, () => BridgeResources>,
  key: Key,
  bridge: () => BridgeResources,
): Promise<T> {
  for (;;) {
    let isOurTurn = false
    const context = (): BridgeResources => {
      isOurTurn = true
      return bridge()
    }
    try {
      return (await cache.fetch(key, { context }))!.value
    } catch (error) {
      if (isOurTurn || !isOfItsCaller(error)) throw error
    }
  }
}

/** No turn, or no time, which another caller may have. Where Bridge does not answer, all would wait one after the other. */
const isOfItsCaller = (error: unknown): boolean =>
  error instanceof BridgeQuotaError || error instanceof BridgeGivenUpError
