import { expect, it } from 'vitest'
import { oneLook } from '../../src/one-look.ts'
import { testClock } from '../support/clock.ts'

/** A look that counts itself. */
function aLook(look: (nth: number) => Promise<number> = async (nth) => nth) {
  const clock = testClock()
  let looks = 0
  return { clock, ask: oneLook(clock, 1_000, () => look((looks += 1))) }
}

it('who asks within the time shares one look', async () => {
  const { clock, ask } = aLook()

  const together = await Promise.all([ask(), ask()])
  clock.advance(999)
  const late = await ask()
  clock.advance(1)

  expect([...together, late, await ask()]).toEqual([1, 1, 1, 2])
})

it('a clock that is put back makes no answer last until its date', async () => {
  const { clock, ask } = aLook()
  await ask()

  clock.advance(-3_600_000)

  expect(await ask()).toBe(2)
})

it('what failed is not kept', async () => {
  const { ask } = aLook(async (nth) => {
    if (nth === 1) throw new Error('away')
    return nth
  })

  await expect(ask()).rejects.toThrow('away')

  expect(await ask()).toBe(2)
})
