import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { Env } from '../../../support/gateway.ts'
import { testFolder } from '../../../support/store.ts'
import type { Program } from './program.ts'

/** One server of several on a database: always at the same address, in one life after the other. */
export interface Instance {
  url: string
  /** Of its present life, or its last. */
  pid(): number
  isRunning(): boolean
  /** Starts it and resolves when it is ready. Another program from now on, when one is given. */
  start(program?: Program): Promise<void>
  kill(): Promise<void>
  /** Stops it as an operator does; resolves to its exit code. */
  stop(): Promise<number | null>
  /** Takes all time from it, as a machine that hangs does, and gives it back. */
  freeze(): void
  thaw(): void
  /** The last words of its log. */
  log(): string
}

/** How much of a log is kept. */
const keptLetters = 100_000

/** An instance that was not started yet; it is gone when the test ends. `env` holds its port. */
export function anInstance(program: Program, env: Env): Instance {
  const cwd = testFolder() // away from any `.env`
  const url = `http://127.0.0.1:${env['PORT']}`
  let present = program
  let child: ChildProcess | undefined
  let ended: Promise<void> = Promise.resolve()
  let log = ''
  const isRunning = () => child !== undefined && child.exitCode === null && !child.signalCode
  const signal = (name: NodeJS.Signals) => void (isRunning() && child!.kill(name))
  const kill = async () => {
    signal('SIGKILL') // also ends what is frozen
    await ended
  }
  onTestFinished(kill)

  function live(): void {
    const server = spawn(process.execPath, [present.entry], {
      cwd,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = server
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (text: Buffer) => (log = (log + String(text)).slice(-keptLetters)))
    }
    ended = new Promise((resolve) => server.once('close', () => resolve()))
  }
  async function start(next = present): Promise<void> {
    present = next
    live()
    while (!(await isReady(url))) {
      if (isRunning()) {
        await wait(20)
        continue
      }
      await ended
      // As whoever supervises it does: a machine with much else to do may not get through to the database in time.
      if (log.trimEnd().endsWith('due to connection timeout')) live()
      else throw new Error(`An instance ended instead of serving:\n${log}`)
    }
  }
  return {
    url,
    pid: () => child?.pid ?? 0,
    isRunning,
    start,
    kill,
    async stop() {
      signal('SIGTERM')
      await ended
      return child?.exitCode ?? null
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    log: () => log,
  }
}

/** Whether it says that it serves; within three seconds, or it does not. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/ready`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(3_000),
    })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}
