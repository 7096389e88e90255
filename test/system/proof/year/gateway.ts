import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../../../src/clock.ts'
import type { Env } from '../../../support/gateway.ts'

const program = fileURLToPath(new URL('server.ts', import.meta.url))

/** A server process by a clock of ours, which dies and comes back at the same address. */
export interface Gateway {
  start(): Promise<void>
  /** SIGKILL, whatever it is at. */
  kill(): Promise<void>
  advance(ms: number): Promise<void>
  /** Reminders, looks for who was not heard of, and what else the hours of a day bring. */
  upkeep(): Promise<void>
  /** Resolves once what came is handled, and what is due is sent or was tried. */
  settled(): Promise<void>
}

interface Answer {
  value?: unknown
  error?: string
}

/** A server in `env` that does not run yet. It shows what `clock` shows. */
export function createGateway(env: Env, clock: Clock): Gateway {
  let child: ChildProcess | undefined
  let answered: ((said: Answer) => void) | undefined
  let isServing = false
  onTestFinished(() => kill())

  const answer = (): Promise<Answer> =>
    new Promise((resolve) => {
      answered = resolve
    })
  /** The answer; undefined when the process died over it. One question at a time. */
  const ask = async (name: string, ms = 0): Promise<unknown> => {
    if (!isServing) return undefined
    const said = answer()
    child!.send({ name, ms })
    const { value, error } = await said
    if (error !== undefined) throw new Error(`The server could not ${name}: ${error}`)
    return value
  }
  async function start(): Promise<void> {
    const ahead = String(clock.now() - Date.now())
    child = spawn(process.execPath, [program], {
      env: { PATH: process.env['PATH'], ...env, YEAR_AHEAD: ahead },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child.on('message', (said: Answer) => answered?.(said))
    child.once('close', () => {
      isServing = false
      answered?.({})
    })
    child.on('error', () => {}) // a word to one that dies
    const { value } = await answer()
    if (value === undefined) throw new Error('The server ended instead of serving')
    isServing = true
  }
  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    isServing = false
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  return {
    start,
    kill,
    advance: async (ms) => void (await ask('advance', ms)),
    upkeep: async () => void (await ask('upkeep')),
    async settled() {
      for (let looks = 0; looks < 200; looks += 1) {
        const open = await ask('open')
        if (open === 0 || open === undefined) return
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}
