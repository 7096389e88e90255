import { statfs } from 'node:fs/promises'
import type { MemberStore } from '../db/ports/members.ts'
import { StoreAwayError } from '../db/store-errors.ts'
import { minuteMs } from '../durations.ts'
import { oneLook } from '../one-look.ts'
import type { Heartbeats } from './heartbeats.ts'

/** Whether the server is on its way out. */
export interface Lifecycle {
  /** Only ever turns true. */
  stopping: boolean
  /** For how long a stop may still wait for what is in flight, so that what does not end can be given back in time. */
  leftMs: () => number
  /** When the server is assembled: until then it may end at any moment, so nothing is begun that would be cut off. */
  begun: Promise<void>
}

interface Check {
  ok: boolean
  /** What an operator should know, in a few words. */
  reason?: string
  /** The number behind it, named with its unit. */
  [figure: string]: number | string | boolean | undefined
}

export interface Readiness {
  ready: boolean
  checks: Record<string, Check>
}

interface Parts {
  store: Pick<MemberStore, 'probeWrite'>
  memberId: string
  heartbeats: Heartbeats
  lifecycle: Lifecycle
  /** Where the database's file is; undefined where there is none: then no disk is looked at. */
  dataDir: string | undefined
  now: () => number
  freeBytes?: (path: string) => Promise<number>
}

/** A loop that ended no tick for so long hangs, or fails again and again. */
const silenceMs = minuteMs

/** With less space left, the next commits may fail. */
export const leastBytes = 64 * 1024 * 1024

/** How long a write may take before we say that it does not go through. */
const patienceMs = 3_000

/** How long the answer about the disk is good: whoever asks all the time causes no commit each time. */
const freshMs = 1_000

/** Looks at all that must hold for us to serve: says what does not, and why. The function it returns never rejects. */
export function createReadiness(parts: Parts): () => Promise<Readiness> {
  const { lifecycle, heartbeats } = parts
  const stored = oneLook(parts, freshMs, () => storage(parts))

  return async () => {
    const checks: Readiness['checks'] = {
      server: lifecycle.stopping ? { ok: false, reason: 'stopping' } : { ok: true },
      ...(await stored()),
    }
    for (const [name, age] of Object.entries(heartbeats.ages())) {
      const silent = age > silenceMs && { reason: 'no good tick for too long' }
      checks[name] = { ok: !silent, ...silent, last_tick_seconds: Math.round(age / 1_000) }
    }
    return { ready: Object.values(checks).every(({ ok }) => ok), checks }
  }
}

async function storage(parts: Parts): Promise<Readiness['checks']> {
  const { dataDir } = parts
  if (dataDir === undefined) return { database: await writes(parts) }
  const [database, disk] = await Promise.all([writes(parts), space(dataDir, parts)])
  return { database, disk }
}

async function writes({ store, memberId, now }: Parts): Promise<Check> {
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), patienceMs)
  try {
    const end = await Promise.race([store.probeWrite(memberId, now()), late.promise])
    return end === 'late' ? { ok: false, reason: 'a write takes too long' } : { ok: true }
  } catch (error) {
    if (error instanceof StoreAwayError) return { ok: false, reason: 'the database is away' }
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    return { ok: false, reason: `a write fails${code}` }
  } finally {
    clearTimeout(timer)
  }
}

async function space(dataDir: string, { freeBytes = freeBytesAt }: Parts): Promise<Check> {
  try {
    const free = await freeBytes(dataDir)
    const megabytes = { free_megabytes: Math.floor(free / 1024 / 1024) }
    return free >= leastBytes
      ? { ok: true, ...megabytes }
      : { ok: false, reason: 'the disk is full', ...megabytes }
  } catch {
    return { ok: false, reason: 'the data directory cannot be read' }
  }
}

/** What an ordinary user may still write on the file system of a path. */
export async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}
