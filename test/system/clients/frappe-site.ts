import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Json } from '../e2e/visit.ts'
import type { Finishing } from '../../support/gateway.ts'

export const python = '/usr/bin/python3'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A function of `examples/frappe/bank_connector.py`, or a command of the site that stands in, and what it answered. */
type FrappeSite = (name: string, args?: object) => Promise<Json>

/** A Frappe site in a process of its own, until the test ends. One command at a time. */
export function openFrappeSite(onTestFinished: Finishing): FrappeSite {
  const paths = [file('frappe_site.py'), file('../../../examples/frappe/bank_connector.py')]
  const site = spawn(python, paths, { env: {}, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void site.kill('SIGKILL'))
  const lines = createInterface({ input: site.stdout })[Symbol.asyncIterator]()
  return async (name, args = {}) => {
    site.stdin.write(`${JSON.stringify([name, args])}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`The site ended at ${name}`)
    return JSON.parse(value)
  }
}
