import {
  createFollowingClock,
  createIds,
  createMovableClock,
  systemClock,
} from '../../src/clock.ts'
import { testApp, type TestApp } from './app.ts'
import { testDatabase } from './postgres.ts'

/** One of several servers, on a machine whose clock may be set. */
export interface TestServer extends TestApp {
  setClock(aheadMs: number): void
}

/** Servers without sockets, which share a database of the test's own on a PostgreSQL server; made when they are asked for. */
export async function serversOn(postgres: string) {
  const database = { url: await testDatabase(postgres), poolSize: 4 }
  return async (
    name: string,
    {
      aheadMs = 0,
      workers = false,
      env = {},
    }: { aheadMs?: number; workers?: boolean; env?: Record<string, string> } = {},
  ): Promise<TestServer> => {
    const set = { aheadMs }
    const time = createFollowingClock({ machine: { now: () => systemClock.now() + set.aheadMs } })
    const made = await testApp({
      env,
      database,
      identity: { host: name, pid: 1, isAlive: () => true },
      clock: createMovableClock(time),
      time,
      ids: createIds(time),
      workers,
    })
    return { ...made, setClock: (byMs) => void (set.aheadMs = byMs) }
  }
}
