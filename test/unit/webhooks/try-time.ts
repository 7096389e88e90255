import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { onTestFinished, vi } from 'vitest'

/**
 * Ends the fifteen seconds of the latest try when the test says so: a real limit, short enough to be waited for, is over
 * before a slow machine has connected.
 */
export function tryTime(): { isOver(): void } {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => timers.mockRestore())
  return {
    isOver() {
      const [end] = timers.mock.calls.findLast(([, ms]) => ms === 15_000) ?? []
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
