import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { onTestFinished, vi } from 'vitest'

/**
 * Ends the time of the latest try, fifteen seconds of a webhook's, when the test says so: a real limit, short enough to be waited
 * for, is over before a slow machine has connected.
 */
export function tryTime(limitMs = 15_000): { isOver(): void } {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  return {
    isOver() {
      const [end] = timers.mock.calls.findLast(([, ms]) => ms === limitMs) ?? []
      end?.()
    },
  }
}

const bodyPart = 'undici:request:bodyChunkReceived'

/** Resolves once the sender has next heard a part of an answer's body. */
export const partHeard = (): Promise<void> =>
  new Promise((resolve) => {
    const hear = () => {
      unsubscribe(bodyPart, hear)
      resolve()
    }
    subscribe(bodyPart, hear)
  })
