import { buildApp } from '../../../../src/app.ts'
import { createFollowingClock, createMovableClock } from '../../../../src/clock.ts'
import { thisProcess } from '../../../../src/cluster/process-identity.ts'
import { loadConfig } from '../../../../src/config.ts'
import { createRetention } from '../../../../src/retention/retention.ts'

// The server as server.ts makes it, by a clock that its parent moves, as a sandbox's lever moves it.
const time = createFollowingClock()
const clock = createMovableClock(time)
clock.advance(Number(process.env['YEAR_AHEAD']))
const config = loadConfig(process.env)
const app = await buildApp({ config, clock, time, workers: true, identity: thisProcess() })
await app.listen({ host: config.host, port: config.port })

const { bridge, jobs, store } = app
const forget = createRetention({ store, clock, retention: config.retention })

/** What the loops do by and by as hours go by; a day takes a moment here. */
async function upkeep(): Promise<void> {
  await bridge.probe(AbortSignal.timeout(5_000)).catch(() => {})
  await jobs.tell()
  await jobs.catchUp()
  await jobs.compare()
  await jobs.tell()
  await jobs.remind()
  await jobs.mail()
  await jobs.countRenewals()
  while (await forget());
}

const answers = {
  advance: async (ms: number) => clock.advance(ms),
  upkeep,
  async open() {
    const { unhandledEvents, oldestDueAt } = await store.readFigures(clock.now())
    return unhandledEvents + (oldestDueAt === null ? 0 : 1)
  },
}

process.on('message', ({ name, ms }: { name: keyof typeof answers; ms: number }) => {
  answers[name](ms).then(
    (value) => process.send?.({ value: value ?? null }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(1))
process.send?.({ value: 'listening' })
