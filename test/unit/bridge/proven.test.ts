import { expect, test } from 'vitest'
import { createCredentialsWatch } from '../../../src/bridge/session/credentials-watch.ts'
import { testClock } from '../../support/clock.ts'

test('credentials are proven once, by the first answer that took them', () => {
  const heard: string[] = []
  const watch = createCredentialsWatch({
    clock: testClock(),
    onRefused: () => void heard.push('refused'),
    onAccepted: () => void heard.push('accepted'),
    onProven: () => void heard.push('proven'),
  })
  const route = { method: 'GET', route: '/v3/providers' } as const

  for (const status of [500, 401, 429, 200, 200, 401, 200]) watch.note(route, status)

  expect(heard).toEqual(['refused', 'proven', 'accepted', 'refused', 'accepted'])
})
