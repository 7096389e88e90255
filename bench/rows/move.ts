import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { startPostgres } from '../../test/support/postgres-server.ts'
import { database } from '../gateway.ts'
import type { Bench } from '../settings.ts'
import { compare, interleave } from '../side-by-side.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A round takes minutes: more of them would tell little more. */
const mostRounds = 2

/**
 * A grown installation moved to PostgreSQL, every table verified; beside a copy of its file, verified too. The server is one
 * for tests, which waits for no disk.
 */
export const move: Bench = async (settings) => {
  const server = await startPostgres()
  const { env, remove } = await database(settings, settings.kept)
  const admin = new Client(`${server.url}/postgres`)
  await admin.connect()

  /** Runs a command; returns in how many seconds. */
  async function timed(...args: string[]) {
    const start = performance.now()
    await run(process.execPath, [program, ...args], { env })
    return { s: (performance.now() - start) / 1_000 }
  }
  const moved = async () => {
    await admin.query('CREATE DATABASE moved')
    const figures = await timed('migrate-to-postgres', `${server.url}/moved`)
    await admin.query('DROP DATABASE moved')
    return figures
  }
  const copied = async () => {
    const to = join(env['DATA_DIR']!, 'copies')
    const figures = await timed('backup', '--to', to)
    rmSync(to, { recursive: true })
    return figures
  }
  const rounds = Math.min(mostRounds, settings.rounds)
  const seen = await interleave({ beside: copied, ours: moved }, { rounds, warmUps: 0 })
  await admin.end()
  await server.stop()
  remove()
  const { items, deliveries } = settings.kept
  const bench = `${items.toLocaleString('en')} items and ${deliveries.toLocaleString('en')} deliveries moved`
  return [compare({ bench, figure: 's' }, seen.ours, seen.beside)]
}
