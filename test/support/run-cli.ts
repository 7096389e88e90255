import { execFile } from 'node:child_process'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runCli as run } from '../../src/cli/run.ts'

const program = fileURLToPath(new URL('../../src/cli/bank-api.js', import.meta.url))

export interface Ran {
  code: number
  out: string
  err: string
}

type Env = Record<string, string>

/** Runs Node with these arguments, with nothing but the given environment. */
export const runNode = (
  node: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Env },
): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(node, args, { cwd, env }, (error, out, err) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0
      resolve({ code, out, err })
    })
  })

/** Runs `bank-api` on the database in `folder`, in this process: as an operator's, it reads the given environment alone. */
export const runCli = (folder: string, args: readonly string[], env: Env = {}): Promise<Ran> =>
  runHere(args, { cwd: folder, env: { DATA_DIR: folder, ...env } })

/** The same in a process of its own, for what Node or the machine has a part in. */
export const runCliProcess = (
  folder: string,
  args: readonly string[],
  env: Env = {},
): Promise<Ran> =>
  runNode(process.execPath, [program, ...args], { cwd: folder, env: { DATA_DIR: folder, ...env } })

/** The working directory belongs to the whole process: one command after the other. */
let last: Promise<unknown> = Promise.resolve()

/** Runs a command in this process, from the folder `cwd`. */
export function runHere(
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Env },
): Promise<Ran> {
  const ran = last.then(async () => {
    const before = process.cwd()
    const [stdout, stderr] = [aPipe(), aPipe()]
    process.chdir(cwd)
    try {
      const streams = { stdout: stdout.stream, stderr: stderr.stream }
      const code = await run(args, { env: { ...env }, ...streams })
      return { code, out: stdout.text(), err: stderr.text() }
    } finally {
      process.chdir(before)
    }
  })
  last = ran.catch(() => {})
  return ran
}

/** What reads all that is written to it. */
export function aPipe() {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}
