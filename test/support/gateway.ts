import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pinApplication, unlockInstance } from '../../src/vault/unlock.ts'
import { systemClock } from '../../src/clock.ts'
import { databasePath, loadConfig } from '../../src/config.ts'
import { createSqliteStore } from '../../src/db/sqlite/store.ts'
import { runHere } from './run-cli.ts'
import { freePort } from './free-port.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Env = Record<string, string>

/** vitest's `onTestFinished`, of the test at hand: several may run at once. */
export type Finishing = (work: () => void | Promise<void>) => void

/** How a process ended. */
export interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/** A server in a process of its own, as an operator starts it. */
export interface GatewayProcess {
  url: string
  /** For a second start, or the command line, on the same data. */
  env: Env
  stdout(): string
  /** Resolves once stdout has the word. */
  said(word: string): Promise<void>
  /** Sets the clock of a process that was started `later`, so much ahead of the machine's, and waits until it is. */
  setClock(aheadMs: number): Promise<void>
  /** Sends a signal and waits for the end. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<Ended>
}

/** A directory of the test's own, which is also where the process runs, away from any `.env`. */
export function dataDirectory(onTestFinished: Finishing): Env {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return { DATA_DIR: join(folder, 'data'), HOME: folder }
}

/** Leaves what a server leaves in `DATA_DIR` after its first start and call to Bridge: commands make no database. */
export async function firstStart(env: Env): Promise<void> {
  const config = loadConfig(env)
  const store = createSqliteStore(databasePath(config))
  await unlockInstance(store, { config, clock: systemClock })
  await pinApplication(store, config)
  await store.close()
}

/** Runs the server until it ends by itself: for refusals. One that serves after all is ended with the test. */
export const runServer = (env: Env, onTestFinished: Finishing): Promise<Ended> =>
  beginServer(env, onTestFinished).ended

/** A server that may never serve, and the process that it is. */
export function beginServer(env: Env, onTestFinished: Finishing) {
  // Whatever listens on the usual ports of this machine is nobody's concern.
  const { child, ended } = started(serverFile, [], { SANDBOX_PORT: '0', ...env })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, ended }
}

/** Runs a command of the command line, in this process. */
export async function runCli(env: Env, ...args: string[]): Promise<Ended> {
  const { code, out, err } = await runHere(args, { cwd: env['HOME'] ?? '.', env })
  return { code, signal: null, stdout: out, stderr: err }
}

/** The same in a process of its own, for what Node or the machine has a part in. */
export const runCliProcess = (env: Env, ...args: string[]): Promise<Ended> =>
  started('src/cli/bank-api.js', args, env).ended

/** Starts a server on a free port and resolves when it serves. Rejects with its output when it ends instead. */
export async function startGateway(env: Env, onTestFinished: Finishing): Promise<GatewayProcess> {
  const port = String(await freePort())
  const all: Env = { PORT: port, SANDBOX_PORT: '0', LOG_LEVEL: 'info', ...env }
  const { child, ended, output } = started(serverFile, [], all)
  const end = (signal: NodeJS.Signals): Promise<Ended> => {
    child.kill(signal)
    return ended
  }
  onTestFinished(async () => {
    await end('SIGKILL')
  })
  const greets = all['NODE_ENV'] !== 'production' && all['BRIDGE_CLIENT_ID'] === undefined
  // The last words: the greeting comes line by line.
  const ready = greets ? ['/docs\n', '--site demo\n'] : ['Server listening']
  await Promise.race([
    ...ready.map((word) => output.has(word)),
    ended.then(({ stdout, stderr }) => {
      throw new Error(`The server ended instead of serving:\n${stdout}\n${stderr}`)
    }),
  ])
  const setClock = async (aheadMs: number) => {
    writeFileSync(join(all['HOME'] ?? '.', 'clock-ahead'), String(aheadMs))
    child.kill('SIGUSR2')
    await output.has(`clock ahead by ${aheadMs}\n`)
  }
  const url = `http://127.0.0.1:${all['PORT']}`
  return { url, env: all, stdout: output.text, said: output.has, setClock, end }
}

/** A Bridge in a process of its own, which outlives the gateways that call it. */
interface SandboxProcess {
  origin: string
  /** What it signs webhooks with. */
  webhookSecret: string
}

/** Starts the sandbox alone, as `npm run sandbox` does, on a free port; its webhooks go to `webhookUrl`. */
export async function startSandboxProcess(
  webhookUrl: string,
  onTestFinished: Finishing,
): Promise<SandboxProcess> {
  const webhookSecret = 'secret-of-the-webhooks'
  const { child, ended, output } = started('src/sandbox/main.ts', [], {
    SANDBOX_PORT: '0',
    SANDBOX_WEBHOOK_URL: webhookUrl,
    SANDBOX_WEBHOOK_SECRET: webhookSecret,
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await Promise.race([
    output.has('/_sandbox/clock'),
    ended.then(({ stdout, stderr }) => {
      throw new Error(`The sandbox ended instead of serving:\n${stdout}\n${stderr}`)
    }),
  ])
  const [, origin = ''] = /listens on (http:\S+)/.exec(output.text()) ?? []
  return { origin, webhookSecret }
}

/** Makes a process of this environment believe that it is so much later: what a machine that was down for a while finds. */
export const later = (ms: number): Env => ({
  NODE_OPTIONS: `--import=${join(root, 'test/support/clock-ahead.ts')}`,
  CLOCK_AHEAD: String(ms),
})

const serverFile = 'src/server.ts'

function started(file: string, args: string[], env: Env) {
  const imports = file === serverFile ? ['--import', join(root, 'src/node-version.js')] : []
  const child = spawn(process.execPath, [...imports, join(root, file), ...args], {
    cwd: env['HOME'],
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = watch(child.stdout)
  const errors = watch(child.stderr)
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout: output.text(), stderr: errors.text() })
    })
  })
  return { child, ended, output }
}

/** What a stream said so far, and a promise for what it will say. */
function watch(stream: NonNullable<ChildProcess['stdout']>) {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return {
    text: () => text,
    has: (word: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!text.includes(word)) return
          stream.off('data', look)
          resolve()
        }
        stream.on('data', look)
        look()
      }),
  }
}
