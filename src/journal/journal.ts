import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../clock.ts'
import type { BridgeStep, CallRecord } from '../db/operate-store.ts'

/** A call under way, as far as it is known. */
export interface Trail {
  id: string
  at: number
  method?: string
  tenantId?: string
  siteId?: string | null
  apiKey?: string
  request?: string | null
  itemId?: number | null
  bridge: BridgeStep[]
}

export interface Journal {
  /** Runs the work as part of a call: what it asks Bridge is remembered with it. */
  follow<T>(trail: Trail, work: () => T): T
  /** The call at hand; undefined in background work. */
  current(): Trail | undefined
  /** Ends a call. One that nobody gave a method is forgotten: strangers fill no disk. */
  end(trail: Trail, outcome: { status: number; excType: string | null }): void
  /** Stores what has gathered since the last time. */
  flush(): Promise<void>
}

/** How many calls wait for the next flush at most, and how many go into one commit. */
const most = 10_000
const batch = 200

/** How many of Bridge's calls are remembered with one of ours. */
const mostSteps = 20

/** Gathers calls in memory and stores them together: a crash forgets the last second, and no call waits for a disk. */
export function createJournal({
  clock,
  write,
}: {
  clock: Clock
  write: (calls: CallRecord[]) => Promise<void>
}): Journal {
  const storage = new AsyncLocalStorage<Trail>()
  const gathered: CallRecord[] = []
  return {
    follow: (trail, work) => storage.run(trail, work),
    current: () => storage.getStore(),
    end(trail, { status, excType }) {
      if (trail.method === undefined || gathered.length >= most) return
      gathered.push({
        id: trail.id,
        at: trail.at,
        method: trail.method,
        status,
        excType,
        durationMs: Math.max(0, clock.now() - trail.at),
        tenantId: trail.tenantId ?? null,
        siteId: trail.siteId ?? null,
        apiKey: trail.apiKey ?? null,
        request: trail.request ?? null,
        itemId: trail.itemId ?? null,
        bridge: trail.bridge.slice(0, mostSteps),
      })
    },
    async flush() {
      while (gathered.length > 0) {
        const next = gathered.slice(0, batch)
        await write(next)
        gathered.splice(0, next.length)
      }
    },
  }
}

/** The connect request and the item that a call's checked arguments or its answer name; what is no id is dropped. */
export function subjectsOf(named: unknown): { request?: string; itemId?: number } {
  if (typeof named !== 'object' || named === null) return {}
  const { request, item_id: itemId } = named as Record<string, unknown>
  return {
    ...(typeof request === 'string' && /^[a-z0-9]{26}$/.test(request) && { request }),
    ...(Number.isSafeInteger(itemId) && { itemId: itemId as number }),
  }
}
