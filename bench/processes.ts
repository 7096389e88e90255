import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Figures } from './side-by-side.ts'

/** A program under measurement, or beside it, in a process of its own. */
export interface Running {
  url: string
  /** The process whose time and memory count; under a tracer, the one it traces. */
  pid: number
  /** What its database server has used of the processors so far, when that is a process of its own. */
  databaseMs?: () => number
  /** Asks it to end, then makes it. */
  stop(): Promise<void>
}

interface How {
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** A command that runs the program, as a tracer does. */
  under?: readonly string[]
}

const started = new Set<Running>()

/** Starts a file with Node. Its standard output is ours to read when `onOutput` is there, and goes nowhere otherwise. */
function start(
  file: string,
  { args = [], env = {}, under = [] }: How,
  onOutput?: (text: string) => void,
) {
  const [command = process.execPath, ...rest] = [...under, process.execPath, file, ...args]
  const child = spawn(command, rest, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', onOutput ? 'pipe' : 'ignore', 'pipe'],
    detached: true, // a tracer and what it traces end together
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)))
  child.stdout?.on('data', (chunk: Buffer) => onOutput?.(chunk.toString()))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, name)
  }
  return {
    pid: child.pid!,
    died: ended.then((): never => {
      throw new Error(`${file} ended:\n${errors}`)
    }),
    async stop() {
      signal('SIGTERM')
      const late = wait(10_000, undefined, { ref: false }).then(() => signal('SIGKILL'))
      await Promise.race([ended, late.then(() => ended)])
    },
  }
}

const keep = (running: Running): Running => {
  started.add(running)
  return running
}

/** Ends whatever still runs: for a bench that broke off. */
export async function stopAll(): Promise<void> {
  await Promise.all([...started].map((running) => running.stop()))
}

/** Starts one of the programs beside, and resolves when it says on which port it listens. */
export async function startProgram(name: string, how: How = {}): Promise<Running> {
  const listening = Promise.withResolvers<string>()
  let said = ''
  const child = start(
    fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url)),
    how,
    (text) => {
      said += text
      const [, port] = /listening (\d+)\n/.exec(said) ?? []
      if (port !== undefined) listening.resolve(port)
    },
  )
  child.died.catch(() => {})
  const port = await Promise.race([listening.promise, child.died])
  return keep({ url: `http://127.0.0.1:${port}`, pid: pidOf(child.pid, how), stop: child.stop })
}

/** Has a program do its work, and takes the CPU of one piece of it from its answer. */
export const answered = async ({ url }: Running): Promise<Figures> => {
  const answer = await fetch(url)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return { 'CPU µs': Number(text) }
}

/** The program as the image runs it: `npm run build` makes it. */
const image = fileURLToPath(new URL('../dist/server.js', import.meta.url))

let profiling: Readonly<Record<string, string>> = {}

/** From now on servers write a CPU profile into that folder when they end. */
export function profileServers(folder: string): void {
  profiling = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(folder)}` }
}

/** Starts a server on that port, the image's unless another is named, and resolves once `/ready` says yes. */
export async function startServer(
  port: number,
  { file = image, ...how }: How & { file?: string },
): Promise<Running & { readyMs: number }> {
  const before = performance.now()
  const url = `http://127.0.0.1:${port}`
  const child = start(file, { ...how, env: { ...how.env, ...profiling } })
  child.died.catch(() => {})
  await Promise.race([untilReady(url), child.died])
  const readyMs = performance.now() - before
  const running = { url, pid: pidOf(child.pid, how), stop: child.stop }
  keep(running)
  return { ...running, readyMs }
}

async function untilReady(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/ready`).catch(() => undefined)
    await answer?.text()
    if (answer?.ok) return
    await wait(2)
  }
}

const pidOf = (pid: number, { under = [] }: How): number =>
  under.length === 0
    ? pid
    : Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])

/** The kernel counts in hundredths of a second, on every Linux that Node runs on. */
const tickMs = 10

/** What a process has used of the processors so far, all its threads, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

/** The same for PostgreSQL: its first process, those that ended and those that serve now. */
export function postgresMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ended = (Number(fields[13]) + Number(fields[14])) * tickMs
  return children.reduce(
    (sum, child) => sum + (cpuOfLiving(Number(child)) ?? 0),
    cpuMs(pid) + ended,
  )
}

/** One that looks after tables may have ended since it was listed. */
const cpuOfLiving = (pid: number): number | undefined => {
  try {
    return cpuMs(pid)
  } catch {
    return undefined
  }
}

const megabytesIn = (pid: number, field: string): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
}

/** What a process holds of memory now, in megabytes. */
export const residentMb = (pid: number): number => megabytesIn(pid, 'VmRSS')

/** The most it held since `forgetPeak`, in megabytes. */
export const peakMb = (pid: number): number => megabytesIn(pid, 'VmHWM')

export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')
