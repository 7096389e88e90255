import type { Bridge } from '../bridge.ts'
import { unless, untestable, type Point } from '../point.ts'

const tokens = '/v3/aggregation/authorization/token'
const second = 1_000

const askToken = async ({ call }: Bridge, uuid: string) =>
  call('POST', tokens, { body: { user_uuid: uuid } })

/** Asks for tokens until one is refused; how many were given before. */
async function exhaust(bridge: Bridge, uuid: string) {
  for (let given = 0; ; given += 1) {
    const answer = await askToken(bridge, uuid)
    if (answer.status !== 201 || given === 30) return { given, answer }
  }
}

/** How long after the limit was met the next token is given, to some seconds. */
async function secondsUntilNext(bridge: Bridge, uuid: string): Promise<number> {
  await exhaust(bridge, uuid)
  for (let waited = 0; ; waited += 5) {
    if ((await askToken(bridge, uuid)).status === 201 || waited > 120) return waited
    await bridge.pass(5 * second)
  }
}

/** How often one may ask. */
export const limits: readonly Point[] = [
  {
    id: 'limit-of-tokens',
    assumed: 'The eleventh token of a user within a minute is 429.',
    async check(bridge) {
      const { uuid } = await bridge.newUser()
      await bridge.countCalls()
      const { given, answer } = await exhaust(bridge, uuid)
      // The user that was just made has had one, perhaps uncounted.
      return unless([429], answer.status, 'status') ?? unless([9, 10], given, 'given')
    },
  },
  {
    id: 'limit-headers',
    assumed: 'No header says what is left, or when to come again.',
    switches: ['rateLimitHeaders'],
    async check(bridge) {
      const { uuid } = await bridge.newUser()
      await bridge.countCalls()
      const { headers } = (await exhaust(bridge, uuid)).answer
      const names = Object.keys(headers).filter((name) => /ratelimit|retry-after/i.test(name))
      return names.length === 0 ? undefined : names.toSorted().join(', ')
    },
  },
  {
    id: 'limit-window',
    assumed:
      'The minute of a limit slides: it ends a minute after the calls, not with the clock’s.',
    switches: ['rateWindow'],
    async check(bridge) {
      const { uuid } = await bridge.newUser()
      await bridge.countCalls()
      // By the clock's minute at least one of the two waits is shorter, for they begin at other seconds of it.
      const first = await secondsUntilNext(bridge, uuid)
      await bridge.pass(86 * second)
      const other = await secondsUntilNext(bridge, uuid)
      const least = Math.min(first, other)
      return least >= 50 ? undefined : `the next is given after ${least} s`
    },
  },
  {
    id: 'limit-of-a-user',
    assumed: 'The 61st call for a user within a minute is 429.',
    async check(bridge) {
      const { token } = await bridge.newUser()
      await bridge.countCalls()
      for (let served = 0; served <= 70; served += 1) {
        const { status } = await bridge.call('GET', '/v3/aggregation/items', { token })
        if (status === 200) continue
        return unless([429], status, 'status') ?? unless([60], served, 'served')
      }
      return 'more than 70 are served'
    },
  },
  untestable(
    'limit-of-the-application',
    'The 2001st call of an application within five minutes is 429.',
    'it would take what the application’s users need',
  ),
]
