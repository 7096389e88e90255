import { createHistogram } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { cpuMs, type Running } from './processes.ts'
import type { Figures } from './side-by-side.ts'

/** One request of a load. */
export interface Asked {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
}

/**
 * Asks a program for `ms`, on so many connections, each sending its next request when the last was answered. Figures: the
 * program's CPU for a request in microseconds, requests a second, and how long they took, in milliseconds. Throws for any
 * answer but a 200: who measures refusals measures nothing. `afterwards` waits for work that the answers left behind.
 */
export async function load(
  { url, pid, databaseMs }: Pick<Running, 'url' | 'pid' | 'databaseMs'>,
  {
    lanes,
    ms,
    pauseMs = 0,
    afterwards,
  }: { lanes: number; ms: number; pauseMs?: number; afterwards?: () => Promise<void> },
  next: () => Asked,
): Promise<Figures> {
  const pool = new Pool(url, { connections: lanes })
  const took = createHistogram()
  const cpuBefore = cpuMs(pid)
  const databaseBefore = databaseMs?.() ?? 0
  const start = performance.now()
  const lane = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      const asked = next()
      const sent = performance.now()
      const { statusCode, body } = await pool.request(asked)
      if (statusCode !== 200) throw new Error(`${asked.path}: ${statusCode} ${await body.text()}`)
      await body.dump()
      took.record(Math.max(1, Math.round((performance.now() - sent) * 1_000)))
      if (pauseMs > 0) await wait(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const seconds = (performance.now() - start) / 1_000
  await afterwards?.()
  const cpu = cpuMs(pid) - cpuBefore
  const ofDatabase = databaseMs && databaseMs() - databaseBefore
  await pool.close()
  return {
    'CPU µs': (cpu * 1_000) / took.count,
    ...(ofDatabase !== undefined && {
      'with PostgreSQL, CPU µs': ((cpu + ofDatabase) * 1_000) / took.count,
    }),
    'requests/s': took.count / seconds,
    'p50 ms': took.percentile(50) / 1_000,
    'p99 ms': took.percentile(99) / 1_000,
  }
}
