import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { environment, secretVariables } from '../../../src/environment.ts'
import { freePort } from '../../support/free-port.ts'
import {
  copyContext,
  makeReadOnly,
  readDockerfile,
  runDockerfile,
  type Built,
} from './dockerfile.ts'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const instructions = readDockerfile(join(checkout, 'Dockerfile'))
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

test('the image runs as an ordinary user, node first among its processes, with a health check', () => {
  const final = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'))
  const of = (wanted: string) => final.filter(({ name }) => name === wanted).map(({ text }) => text)

  expect(of('USER')).toEqual(['node'])
  expect(of('CMD')).toEqual(['["node", "dist/server.js"]'])
  expect(of('VOLUME')).toEqual(['/data'])
  expect(of('STOPSIGNAL')).toEqual(['SIGTERM'])
  expect(of('HEALTHCHECK')[0]).toContain('/live')
  expect(of('ENV')[0]).toContain('NODE_ENV=production')
  expect(of('ENV')[0]).not.toContain('DATA_DIR') // it would stop a start with DATABASE_URL
})

test('compose.yaml names only variables that exist, and secrets as files', () => {
  const compose = readFileSync(join(checkout, 'compose.yaml'), 'utf8')
  const block = /environment:\n((?: {6}.*\n)+)/.exec(compose)![1]!
  const names = [...block.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name = '']) => name)
  const known = [
    ...Object.keys(environment.shape),
    ...secretVariables.map((name) => `${name}_FILE`),
    'NODE_OPTIONS',
  ]

  expect(names.length).toBeGreaterThan(4)
  for (const name of names) expect(known).toContain(name)
  for (const secret of secretVariables) expect(names).not.toContain(secret)
  expect(compose).toContain('read_only: true')
  expect(compose).toContain('no-new-privileges:true')
  expect(compose).toContain('mem_limit: 1g')
  expect(Number(/--max-old-space-size=(\d+)/.exec(compose)?.[1])).toBeLessThanOrEqual(1024 * 0.7)
})

const production = {
  PUBLIC_URL: 'https://bank.test',
  BRIDGE_CLIENT_ID: 'id',
  BRIDGE_CLIENT_SECRET: 'secret',
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
}

describe('the steps of `docker build -t bank-api .`, run in a clean directory', () => {
  let folder: string
  let built: Built

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bank-api-image-'))
    chmodSync(folder, 0o755)
    const context = join(folder, 'context')
    copyContext(checkout, context)
    built = runDockerfile(instructions, { context, folder, nodeFolder: dirname(process.execPath) })
    copyFileSync(process.execPath, join(built.root, 'usr/local/bin/node'))
    makeReadOnly(built)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The image's environment, with the folders where they are here. */
  const imageEnv = (more: Record<string, string>): Record<string, string> => ({
    PATH: `${join(built.root, 'usr/local/bin')}:/usr/bin:/bin`,
    ...built.env,
    DATA_DIR: join(built.root, 'data'),
    ...more,
  })

  function start(command: readonly string[], env: Record<string, string>) {
    const child = spawn(command[0]!, command.slice(1), {
      cwd: join(built.root, built.cwd),
      env,
      ...nobody,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const ended = new Promise<number | null>((done, fail) => {
      child.once('close', (code) => done(code))
      child.once('error', fail)
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return { child, ended, output: () => output }
  }

  async function run(command: readonly string[], env: Record<string, string>) {
    const { ended, output } = start(command, env)
    return { code: await ended, output: output() }
  }

  test('the image holds the program and nothing to build it with', () => {
    expect(readdirSync(join(built.root, 'app')).toSorted()).toEqual([
      'data',
      'dist',
      'drizzle',
      'node_modules',
      'package.json',
    ])
    expect(readdirSync(join(built.root, 'app/node_modules'))).toEqual(['better-sqlite3'])
  })

  test('the server speaks to PostgreSQL too, and its data directory is the volume', async () => {
    const { DATA_DIR: _, ...env } = imageEnv({ DATABASE_URL: 'postgres://127.0.0.1:1/bank' })

    const { code, output } = await run(built.command, { ...env, ...production })

    expect(code).toBe(1)
    expect(output).toMatch(
      /^The database at 127\.0\.0\.1, port 1, cannot be reached: ECONNREFUSED\. See [^\n]+\n$/,
    )
    expect(realpathSync(join(built.root, 'app/data'))).toBe(realpathSync(join(built.root, 'data')))
  })

  test('in production the server refuses to start without its settings, and says which', async () => {
    const { code, output } = await run(built.command, imageEnv({}))

    expect(code).toBe(1)
    for (const name of ['PUBLIC_URL', 'MASTER_KEY', 'BRIDGE_CLIENT_ID']) {
      expect(output).toContain(name)
    }
  })

  test('an unprivileged user serves from it: a bank is connected, copied, examined, and SIGTERM ends it with 0', async () => {
    const port = await freePort()
    const sandboxPort = await freePort()
    const keyFile = join(folder, 'master_key')
    writeFileSync(keyFile, Buffer.alloc(32, 7).toString('base64'), { mode: 0o444 })
    const env = imageEnv({
      HOST: '127.0.0.1',
      PORT: String(port),
      SANDBOX: 'true',
      SANDBOX_PORT: String(sandboxPort),
      PUBLIC_URL: 'https://bank.test',
      MASTER_KEY_FILE: keyFile,
    })
    const url = `http://127.0.0.1:${port}`
    const server = start(built.command, env)
    await untilLive(url)

    const healthy = await run(built.healthcheck, env)
    const bankApi = (...args: string[]) => run(['bank-api', ...args, '--json'], env)
    const tenant = await bankApi('tenant', 'create', 'acme')
    const made = await bankApi('key', 'create', '--tenant', 'acme', '--site', 'erp')
    const key = JSON.parse(made.output) as { api_key: string; api_secret: string }
    const call = async (method: string, params: Record<string, string>) => {
      const answer = await fetch(`${url}/api/method/bank_api.bridge.${method}`, {
        method: 'POST',
        headers: { authorization: `token ${key.api_key}:${key.api_secret}` },
        body: new URLSearchParams(params),
      })
      // oxlint-disable-next-line typescript/no-explicit-any -- read as a site reads it
      return ((await answer.json()) as any).message
    }
    const link = await call('get_bridge_connect_link', {
      redirect_url: 'https://erp.example/app/bank',
      user: 'me@example.com',
    })
    const session = await fetch(link.url, {
      method: 'POST',
      body: new URLSearchParams({ login: 'success', password: 'any' }),
      redirect: 'manual',
    })
    const callback = new URL(session.headers.get('location')!)
    const home = await fetch(`${url}${callback.pathname}${callback.search}`, {
      redirect: 'manual',
    })
    const { item_id: itemId } = await call('get_bridge_item_id', { request: link.request })
    const accounts = await call('get_bank_accounts', { item_id: String(itemId) })
    const transactions = await call('get_bank_transactions', { user: 'me@example.com' })
    const copy = await bankApi('backup')
    const doctor = await bankApi('doctor')
    server.child.kill('SIGTERM')
    const code = await server.ended

    expect(healthy.code).toBe(0)
    expect(tenant.code).toBe(0)
    expect(callback.origin).toBe('https://bank.test')
    expect(new URL(home.headers.get('location')!).searchParams.get('success')).toBe('true')
    expect(accounts.length).toBeGreaterThan(0)
    expect(transactions.length).toBeGreaterThan(0)
    expect(JSON.parse(copy.output)).toMatchObject({ verified: true })
    expect(doctor.output).toContain('"check":"bridge credentials","level":"ok"')
    expect(code, server.output()).toBe(0)
    expect(existsSync(join(built.root, 'data/bank-api.sqlite'))).toBe(true)
  })

  test('the user cannot write outside of the data directory', async () => {
    const script = `
      const { writeFileSync } = require('node:fs')
      for (const path of ['/app/x', '/app/dist/x', '/x', '/usr/local/bin/x']) {
        try { writeFileSync(${JSON.stringify(built.root)} + path, ''); console.log('wrote ' + path) } catch {}
      }
      writeFileSync(process.env.DATA_DIR + '/x', '')`

    const { code, output } = await run(['node', '-e', script], imageEnv({}))

    expect(output).toBe('')
    expect(code).toBe(0)
  })
})

/** Resolves once the server answers. */
async function untilLive(url: string): Promise<void> {
  const answer = await fetch(`${url}/live`).catch(() => undefined)
  if (!answer?.ok) {
    await new Promise((turn) => {
      setImmediate(turn)
    })
    return untilLive(url)
  }
}
