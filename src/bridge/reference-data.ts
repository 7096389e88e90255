import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { BridgeClient } from './client.ts'
import type { Category } from './resources/categories.ts'
import type { Provider } from './resources/providers.ts'

/** What Bridge tells everyone alike: kept a day, and asked for once however many wait for it. */
export interface ReferenceData {
  bank(providerId: number): Promise<Provider>
  /** The whole tree, parents with their children. */
  categories(language: string): Promise<Category[]>
}

const dayMs = 24 * 60 * 60_000

export function createReferenceData(bridge: BridgeClient, clock: Clock): ReferenceData {
  const kept = { ttl: dayMs, ttlResolution: 0, perf: clock }
  const banks = new LRUCache<number, Provider>({
    ...kept,
    max: 2_000,
    fetchMethod: (providerId) => bridge.providers.get(providerId),
  })
  const categories = new LRUCache<string, Category[]>({
    ...kept,
    max: 10,
    fetchMethod: (language) => bridge.categories.list({ language }),
  })
  return {
    categories: async (language) => (await categories.fetch(language))!,
    bank: async (providerId) => (await banks.fetch(providerId))!,
  }
}
