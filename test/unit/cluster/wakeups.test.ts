import { expect, it } from 'vitest'
import { createWakeups } from '../../../src/cluster/wakeups.ts'

it('everybody who listens to a topic is woken before notify returns, nobody else', () => {
  const wakeups = createWakeups()
  const woken: string[] = []
  wakeups.on('events', () => woken.push('handler'))
  wakeups.on('events', () => woken.push('another'))
  wakeups.on('deliveries', () => woken.push('relay'))

  wakeups.notify('events')

  expect(woken).toEqual(['handler', 'another'])
})

it('a notice that nobody listens to is lost, and that is all', () => {
  const wakeups = createWakeups()

  wakeups.notify('deliveries')
  let woken = 0
  wakeups.on('deliveries', () => (woken += 1))

  expect(woken).toBe(0)
})
