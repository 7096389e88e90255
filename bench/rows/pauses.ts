import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Agent, request } from 'undici'
import { freePort } from '../../test/support/free-port.ts'
import { call, database, inTurn, webhook } from '../gateway.ts'
import type { Asked } from '../load.ts'
import { startServer } from '../processes.ts'
import type { Client, Holdings } from '../seed.ts'
import type { Bench, Settings } from '../settings.ts'
import { compare, interleave, noMoreThan, type Side } from '../side-by-side.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * How long nobody is served while one server on a file stops and the next one starts: from the last answer of the old one to
 * the first of the new one, which has a migration to do; beside the same without one.
 */
export const upgrade: Bench = async (settings) => {
  const next = nextVersion(settings)
  const seen = await interleave(
    {
      beside: pauseOf(settings, settings.small),
      ours: pauseOf(settings, settings.small, next),
      grown: pauseOf(settings, settings.kept, next),
    },
    { rounds: settings.rounds, warmUps: 0 },
  )
  rmSync(join(settings.folder, 'next'), { recursive: true })
  const bench = 'an upgrade with a migration'
  return ['calls paused ms', 'webhooks paused ms'].flatMap((figure) => [
    noMoreThan(compare({ bench, figure }, seen.ours, seen.beside), 2_000),
    noMoreThan(compare({ bench: `${bench}, grown`, figure }, seen.grown, seen.ours), 2_000),
  ])
}

/** The built program with one migration more. */
function nextVersion({ folder }: Settings): string {
  const next = join(folder, 'next')
  mkdirSync(next)
  for (const part of ['dist', 'drizzle', 'package.json']) {
    cpSync(join(root, part), join(next, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(next, 'node_modules'))
  const path = join(next, 'drizzle/sqlite/meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: object[] }
  journal.entries.push({ idx: journal.entries.length, when: Date.UTC(2099, 0), tag: 'next' })
  writeFileSync(path, JSON.stringify(journal))
  writeFileSync(
    join(next, 'drizzle/sqlite/next.sql'),
    'ALTER TABLE tenants ADD COLUMN next integer;',
  )
  return join(next, 'dist/server.js')
}

const pauseOf =
  (settings: Settings, holdings: Holdings, file?: string): Side =>
  async () => {
    const { clients, env, remove } = await database(settings, holdings)
    const port = await freePort()
    const all = { ...env, PORT: String(port), HOST: '127.0.0.1' }
    const old = await startServer(port, { env: all })
    const client = inTurn(clients)
    const watches = [
      watch(old.url, () => call(client(), 'get_category', { category_id: 101 })),
      watch(old.url, () => webhook(client())),
    ] as const
    await wait(settings.roundMs)
    await old.stop()
    const young = await startServer(port, { env: all, ...(file && { file }) })
    await wait(settings.roundMs)
    const [calls, webhooks] = await Promise.all(watches.map((one) => one.end()))
    await young.stop()
    if (file && !existsSync(join(env['DATA_DIR']!, 'backups'))) throw new Error('Nothing migrated')
    remove()
    return { 'calls paused ms': calls!, 'webhooks paused ms': webhooks! }
  }

/** Asks again and again, one after the other, and tells the longest time in which nothing was answered with 200. */
function watch(url: string, next: () => Asked) {
  const dispatcher = new Agent()
  const state = { isOver: false }
  let longest = 0
  const asking = (async () => {
    let last = performance.now()
    while (!state.isOver) {
      const { path, ...asked } = next()
      const status = await request(`${url}${path}`, { ...asked, dispatcher }).then(
        async ({ statusCode, body }) => {
          await body.dump()
          return statusCode
        },
        () => 0,
      )
      if (status === 200) {
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
      }
      await wait(2)
    }
  })()
  return {
    async end() {
      state.isOver = true
      await asking
      await dispatcher.close()
      return longest
    },
  }
}

/** From an empty machine with a copy to the first answer: `restore`, and a start. */
export const recovery: Bench = async (settings) => {
  const copies = {
    small: await copyOf(settings, settings.small),
    kept: await copyOf(settings, settings.kept),
  }
  const seen = await interleave(
    { beside: recover(copies.small), ours: recover(copies.kept) },
    { rounds: settings.rounds, warmUps: 0 },
  )
  for (const { remove } of Object.values(copies)) remove()
  const bench = 'from a copy to the first answer, grown beside small'
  return ['restored ms', 'answered ms'].map((figure) =>
    noMoreThan(compare({ bench, figure }, seen.ours, seen.beside), 5 * 60_000),
  )
}

const command = (env: Record<string, string>, ...args: string[]) =>
  run(process.execPath, [join(root, 'dist/main.js'), ...args], { env })

async function copyOf(settings: Settings, holdings: Holdings) {
  const { clients, env, remove } = await database(settings, holdings)
  const { stdout } = await command(env, 'backup', '--json')
  const { copy } = JSON.parse(stdout) as { copy: string }
  return { client: clients[0]!, env, copy, remove }
}

const recover =
  ({ client, env, copy }: { client: Client; env: Record<string, string>; copy: string }): Side =>
  async () => {
    const folder = join(env['DATA_DIR']!, 'machine')
    const port = await freePort()
    const all = { ...env, DATA_DIR: folder, PORT: String(port), HOST: '127.0.0.1' }
    const start = performance.now()
    await command(all, 'restore', copy, '--yes')
    const restored = performance.now() - start
    const server = await startServer(port, { env: all })
    const { path, ...asked } = call(client, 'get_category', { category_id: 101 })
    const { statusCode, body } = await request(`${server.url}${path}`, asked)
    await body.dump()
    if (statusCode !== 200) throw new Error(`The restored server answered ${statusCode}`)
    const answered = performance.now() - start
    await server.stop()
    rmSync(folder, { recursive: true })
    return { 'restored ms': restored, 'answered ms': answered }
  }
