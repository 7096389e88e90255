import { hostname } from 'node:os'
import type { ProcessIdentity } from './single-server.ts'

/** Where this process runs. */
export const thisProcess = (): ProcessIdentity => ({ host: hostname(), pid: process.pid, isAlive })

/** Whether a process of this host lives: signal 0 only asks. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
