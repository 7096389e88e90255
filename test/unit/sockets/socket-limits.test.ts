import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { socketLimits, socketLimitsWith } from '../../../src/sockets/socket-limits.ts'

it('the guide says the numbers of the table', () => {
  const guide = readFileSync(new URL('../../../docs/keys.md', import.meta.url), 'utf8')
  const { unanswered, perAddress, perTenant, connections } = socketLimits
  const said = [
    `may pipeline ${unanswered.default} requests`,
    `hold ${perAddress.default} connections`,
    `a tenant ${perTenant.default},`,
    `${connections.default.toLocaleString('en-GB')} in all`,
  ]

  const text = guide.replaceAll(/\s+/g, ' ')

  expect(said.filter((words) => !text.includes(words))).toEqual([])
})

it('nobody fills the server alone, and nobody is cut while a call may still be answered', () => {
  const { perAddress, perTenant, connections, unreadMs, answerMs } = socketLimitsWith()

  expect(perAddress + perTenant).toBeLessThan(connections / 2)
  expect(unreadMs).toBeGreaterThan(60_000) // a call's 50 s at Bridge, and the wait for its turn
  expect(answerMs).toBeGreaterThan(unreadMs)
})
