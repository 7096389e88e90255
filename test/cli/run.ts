import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../src/cli/bank-api.js', import.meta.url))

export interface Ran {
  code: number
  out: string
  err: string
}

/** Runs Node with these arguments, with nothing but the given environment. */
export const runNode = (
  node: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(node, args, { cwd, env, timeout: 60_000 }, (error, out, err) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0
      resolve({ code, out, err })
    })
  })

/** Runs `bank-api` as an operator does, on the database in `folder`. */
export const runCli = (
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ran> =>
  runNode(process.execPath, [program, ...args], { cwd: folder, env: { DATA_DIR: folder, ...env } })
