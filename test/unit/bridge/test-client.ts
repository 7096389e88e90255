import { expect, onTestFinished } from 'vitest'
import type { RequestHandler } from 'msw'
import { createBridgeClient } from '../../../src/bridge/client.ts'
import type { BridgeCall, BridgeOptions } from '../../../src/bridge/options.ts'
import { createMovableClock } from '../../../src/clock.ts'
import { bridgeDouble, bridgeNow, bridgeUrl, bridgeWorld } from '../../support/bridge.ts'

/** A client before a world with one user, and a record of what it waited for and reported. */
export function testClient(handlers: RequestHandler[] = [], options: Partial<BridgeOptions> = {}) {
  const clock = createMovableClock({ now: () => bridgeNow })
  const world = bridgeWorld({ clock })
  const { uuid } = world.addUser()
  const double = bridgeDouble({ handlers: [...handlers, ...world.handlers] })
  const waits: number[] = []
  const reported: BridgeCall[] = []
  const client = createBridgeClient({
    baseUrl: bridgeUrl,
    clientId: 'the-client-id',
    clientSecret: 'the-client-secret',
    dispatcher: double.dispatcher,
    clock,
    random: () => 0,
    sleep: async (ms) => void waits.push(ms),
    onCall: (call) => reported.push(call),
    ...options,
  })
  onTestFinished(() => expect(double.unhandled).toEqual([]))
  const requests = (path: string) => double.calls.filter((call) => call.path === path)
  return { ...double, client, clock, world, uuid, waits, reported, requests }
}

/** The error a promise rejects with; fails when it does not reject with this kind. */
export async function rejection<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  const error: unknown = await promise.then(
    () => new Error('It resolved.'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(kind)
  return error as E
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}
