import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'
import { withPostgres } from './postgres.ts'

const program = '/usr/sbin/pgbouncer'

/** What an operator must write, for PgBouncer refuses what it does not know. */
const ignored = 'lock_timeout, statement_timeout, idle_in_transaction_session_timeout'

/**
 * Declares tests that need Debian's PgBouncer beside the run's PostgreSQL. Where there is none they are skipped; in CI they
 * fail.
 */
export function withPgBouncer(tests: (only: typeof it, server: string) => void): void {
  if (!existsSync(program) && process.env['CI'] !== 'true') {
    describe.skip('without PgBouncer', () => tests(it, ''))
  } else withPostgres(tests)
}

/** A PgBouncer in transaction mode before all databases of a server, with few connections to each; gone with the test. */
export async function startPgBouncer(
  server: string,
  { ignore = ignored }: { ignore?: string } = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-pgbouncer-'))
  const port = await freePort()
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(
    settings,
    `[databases]
* = host=127.0.0.1 port=${new URL(server).port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
${ignore && `ignore_startup_parameters = ${ignore}`}
`,
    { mode: 0o644 },
  )
  // It refuses to be root, and reads its settings before it is somebody else.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn(program, [...asNobody, settings], { stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  await listens(child, port)
  return `postgres://postgres@127.0.0.1:${port}`
}

/** Waits until it takes connections, as long as it lives. */
async function listens(child: ChildProcess, port: number): Promise<void> {
  let said = ''
  child.stderr?.on('data', (text: Buffer) => (said += String(text)))
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (isThere) return
    if (child.exitCode !== null) throw new Error(`PgBouncer did not start: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
