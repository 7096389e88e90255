import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a program that must succeed, and gives it `input`; resolves with what it printed. */
export async function run(path: string, args: readonly string[], input = ''): Promise<string> {
  const running = execute(path, [...args], { env: {} })
  running.child.stdin?.end(input)
  const { stdout } = await running
  return stdout
}

/** Whether a client may be left out: it is not here, and this is not where everything must run. Says so. */
export function isLeftOut(path: string, present: boolean, what: string): boolean {
  if ((present && existsSync(path)) || process.env['CI']) return false
  process.stdout.write(`SKIPPED: no ${what}, so it is not tried as a client\n`)
  return true
}
