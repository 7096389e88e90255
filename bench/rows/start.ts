import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../test/support/free-port.ts'
import { database } from '../gateway.ts'
import { residentMb, startServer } from '../processes.ts'
import type { Bench } from '../settings.ts'
import { atMost, compare, interleave, type Figures } from '../side-by-side.ts'

const hello = fileURLToPath(new URL('../programs/hello.ts', import.meta.url))
const idleMs = 2_000

/** From the start of the process to the first yes of `/ready`, and what it holds once idle; beside bare Fastify. */
export const startAndIdle: Bench = async (settings) => {
  const small = await database(settings, settings.small)
  const kept = await database(settings, settings.kept)
  const seen = await interleave(
    {
      beside: () => oneStart({}, hello),
      ours: () => oneStart(small.env),
      grown: () => oneStart(kept.env),
    },
    { rounds: settings.rounds },
  )
  small.remove()
  kept.remove()
  const bench = 'start'
  return [
    compare({ bench, figure: 'ready ms' }, seen.ours, seen.beside),
    compare({ bench, figure: 'idle MB' }, seen.ours, seen.beside),
    compare(
      { bench: `${bench}, grown`, figure: 'ready ms', aim: atMost(1.1) },
      seen.grown,
      seen.ours,
    ),
    compare(
      { bench: `${bench}, grown`, figure: 'idle MB', aim: atMost(1.1) },
      seen.grown,
      seen.ours,
    ),
  ]
}

async function oneStart(env: Record<string, string>, file?: string): Promise<Figures> {
  const port = await freePort()
  const running = await startServer(port, {
    env: { ...env, PORT: String(port) },
    args: [String(port)],
    ...(file && { file }),
  })
  await wait(idleMs)
  const figures = { 'ready ms': running.readyMs, 'idle MB': residentMb(running.pid) }
  await running.stop()
  return figures
}
