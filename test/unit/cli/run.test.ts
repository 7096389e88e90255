import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { runCli } from '../../../src/cli/run.ts'
import { createSqliteStore } from '../../../src/db/sqlite/store.ts'
import { firstStart } from '../../support/gateway.ts'
import { testFolder } from '../../support/store.ts'

/** A stream that keeps what is written to it; a screen of so many columns when they are given. */
function aStream(columns?: number) {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns })
  return { stream, text: () => text }
}

/** A stream whose every write fails, as that of a full disk does. */
const aBrokenStream = (code: string): Writable =>
  new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write'), { code, syscall: 'write' }))
    },
  })

async function anInstallation() {
  const DATA_DIR = testFolder()
  await firstStart({ DATA_DIR })
  const store = createSqliteStore(join(DATA_DIR, 'bank-api.sqlite'))
  onTestFinished(() => store.close())
  return { env: { DATA_DIR }, store }
}

test('a command reads the environment and writes to the streams it is given, and ends no process', async () => {
  const { env, store } = await anInstallation()
  const before = process.exitCode
  const [out, err] = [aStream(), aStream()]

  const code = await runCli(['tenant', 'create', 'acme', '--json'], {
    env,
    stdout: out.stream,
    stderr: err.stream,
  })

  expect(code).toBe(0)
  expect(JSON.parse(out.text())).toMatchObject({ tenant: 'acme' })
  expect(err.text()).toBe('')
  expect((await store.listTenants()).map(({ name }) => name)).toEqual(['acme'])
  expect(process.exitCode).toBe(before)
})

test('--version tells the version alone, without a database', async () => {
  const [out, err] = [aStream(), aStream()]
  const env = { DATA_DIR: testFolder() }

  const code = await runCli(['--version'], { env, stdout: out.stream, stderr: err.stream })

  expect({ code, out: out.text(), err: err.text() }).toEqual({
    code: 0,
    out: `${manifest.version}\n`,
    err: '',
  })
})

test('nothing of a run is left to the next: neither its exit code, nor its options', async () => {
  const { env } = await anInstallation()
  const run = async (...words: string[]) => {
    const [out, err] = [aStream(), aStream()]
    const code = await runCli(words, { env, stdout: out.stream, stderr: err.stream })
    return { code, out: out.text(), err: err.text() }
  }

  const codes = [
    await run('doctor', '--json'),
    await run('tenant', 'list', '--json'),
    await run('tenant', 'show'),
    await run('tenant', 'list'),
    await run('backup', 'verify', 'nowhere'),
    await run('--help'),
  ].map(({ code }) => code)
  const listed = await run('tenant', 'list')

  expect(codes).toEqual([2, 0, 2, 0, 1, 0])
  expect(listed).toEqual({ code: 0, out: 'none\n', err: '' })
})

test('on a screen there are colours, progress that is wiped, and tables no wider than it', async () => {
  vi.stubEnv('FORCE_COLOR', '1') // whatever the terminal of the tests shows
  onTestFinished(() => void vi.unstubAllEnvs())
  const { env } = await anInstallation()
  const [out, err] = [aStream(40), aStream(40)]
  const screen = { env, stdout: out.stream, stderr: err.stream }

  await runCli(['tenant', 'create', 'acme'], screen)
  await runCli(['tenant', 'list'], screen)
  await runCli(['backup'], screen)
  await runCli(['purge', '--yes'], screen)
  await runCli(['rekey'], screen)
  await runCli(['tenant', 'export', 'acme', '--to', join(env.DATA_DIR, 'acme.json')], screen)
  await runCli(['webhook', 'replay', '--tenant', 'acme'], screen)
  await runCli(['import', 'nowhere', '--tenant', 'acme'], screen)
  await runCli(['doctor'], screen)

  expect(out.text()).toMatch(/^tenant {2}age +disabled\nacme {4}\S+ \S+ +-$/m)
  expect(out.text()).toContain('\u001b[31mFAIL\u001b[39m')
  const lines = err.text().split('\r').filter(Boolean)
  for (const line of ['verifying', 'waiting for the servers', 'written: 0.0 MB']) {
    expect(lines).toContainEqual(line.padEnd(39))
  }
  expect(lines.at(-1)?.trim()).toBe('')
})

test.each([
  ['whoever stops reading ends no command with an error', 'EPIPE', 0, ''],
  [
    'output that is lost is told, and is a failure',
    'ENOSPC',
    1,
    'The output: the disk is full (ENOSPC)\n',
  ],
])('%s', async (_, cause, code, said) => {
  const { env } = await anInstallation()
  const err = aStream()

  const ended = await runCli(['tenant', 'list'], {
    env,
    stdout: aBrokenStream(cause),
    stderr: err.stream,
  })

  expect(ended).toBe(code)
  expect(err.text()).toBe(said)
})
