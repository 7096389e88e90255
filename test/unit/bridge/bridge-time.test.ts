import { expect, it } from 'vitest'
import { createBridgeTime, createClockDoubt } from '../../../src/bridge/session/bridge-time.ts'
import { createMovableClock, steadyClock } from '../../../src/clock.ts'
import { bridgeNow } from '../../support/bridge.ts'
import { watchOver } from '../../support/clock.ts'

const hour = 60 * 60_000

/** Our clock, so far ahead of Bridge's, and what answers told of the latter. */
function twoClocks(aheadMs: number) {
  const clock = createMovableClock({ now: () => bridgeNow + aheadMs })
  const { clockWatch, jump } = watchOver(clock)
  const time = createBridgeTime({ clock, steady: steadyClock(clock, clockWatch) })
  return { clock, time, jump, isInDoubt: createClockDoubt(clockWatch, time) }
}
const header = new Date(bridgeNow).toUTCString()

it('nothing is known, nor doubted, until an answer told the time', () => {
  const { time, isInDoubt } = twoClocks(160 * 24 * hour)

  for (const nonsense of [undefined, '', 'soon', ['a', 'b']]) time.heard(nonsense)

  expect(time.aheadMs()).toBeUndefined()
  expect(isInDoubt()).toBe(false)
})

it.each([
  [hour, false],
  [-hour, false],
  [hour + 1, true],
  [-hour - 1, true],
  [160 * 24 * hour, true],
])('ahead by %i ms: in doubt is %s', (aheadMs, doubted) => {
  const { time, isInDoubt } = twoClocks(aheadMs)

  time.heard(header)

  expect(time.aheadMs()).toBe(aheadMs)
  expect(isInDoubt()).toBe(doubted)
})

it('a clock that is set is doubted at once, and no longer than it is wrong when it was put back', () => {
  const { time, jump, isInDoubt } = twoClocks(0)
  time.heard(header)

  jump(-2 * hour)
  expect([time.aheadMs(), isInDoubt()]).toEqual([-2 * hour, true])
  expect(time.toBridge(bridgeNow - 2 * hour)).toBe(bridgeNow)
  jump(2 * hour - 1)

  expect(time.aheadMs()).toBe(-1)
  expect(time.toBridge(bridgeNow)).toBe(bridgeNow)
})
