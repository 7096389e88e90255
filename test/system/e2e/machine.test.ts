import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { firstStart } from '../../support/gateway.ts'
import { testFolder } from '../../support/store.ts'
import { runCli, runHere, type Ran } from '../../support/run-cli.ts'

const sourceOf = (path: string) => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url))
const server = ['src/server.ts', sourceOf('server.ts')] as const
const cli = ['bank-api', sourceOf('cli/bank-api.js')] as const
const nobody = 65_534
const isRoot = process.getuid?.() === 0

/** Runs the server or a command until it ends; as `nobody` where permissions are to count, which root's do not. */
function run(
  [name, program]: readonly [string, string],
  args: string[],
  { env, asNobody = false }: { env: Record<string, string>; asNobody?: boolean },
): Promise<Ran> {
  if (name === cli[0] && !asNobody) return runHere(args, { cwd: dirname(program), env })
  const node = [process.execPath, program, ...args]
  const as = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...node]
  const [file = '', ...rest] = asNobody ? as : node
  const options = { cwd: dirname(program), env: { PATH: process.env['PATH'], ...env } }
  return new Promise((resolve) => {
    execFile(file, rest, options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err })
    })
  })
}

/** A shell's line, with `bank-api` in it for the command. */
const shell = (line: string, env: Record<string, string>): Promise<Ran> =>
  new Promise((resolve) => {
    const text = line.replaceAll('bank-api', `${process.execPath} ${cli[1]}`)
    const options = { env: { PATH: process.env['PATH'], ...env } }
    execFile('bash', ['--norc', '-c', text], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err })
    })
  })

/** One sentence on stderr, that says this, and no trace of the program's insides. */
function expectSentence({ code, out, err }: Ran, ...says: string[]): void {
  expect({ code, out }, err).toEqual({ code: 1, out: '' })
  for (const word of says) expect(err).toContain(word)
  expect(err.trimEnd().split('\n')).toHaveLength(1)
  expect(err).not.toMatch(/node:|Error:/)
}

/** A folder that others may walk into, for those tests that are run as somebody else. */
function openFolder(): string {
  const folder = testFolder()
  chmodSync(folder, 0o755)
  return folder
}

async function anInstallation(): Promise<{ folder: string; env: Record<string, string> }> {
  const folder = openFolder()
  const env = { DATA_DIR: join(folder, 'data') }
  await firstStart(env)
  return { folder, env }
}

test('where there is no database, commands say where they looked, and make none', async () => {
  const folder = testFolder()
  const file = join(folder, 'users.csv')
  writeFileSync(file, 'site,user,user_uuid\n')
  const env = { DATA_DIR: join(folder, 'elsewhere') }
  const commands = [
    ['tenant', 'create', 'acme'],
    ['import', file, '--tenant', 'acme'],
    ['backup'],
    ['rekey'],
  ]

  const ran = await Promise.all(commands.map((args) => run(cli, args, { env })))
  const doctor = await run(cli, ['doctor'], { env })

  for (const one of ran) {
    expectSentence(
      one,
      `There is no database at ${env.DATA_DIR}/bank-api.sqlite`,
      'start the server',
      'bank-api restore',
    )
  }
  expect(doctor).toMatchObject({ code: 2, err: '' })
  expect(doctor.out).toContain('FAIL  installation: There is no database at')
  expect(readdirSync(folder)).toEqual(['users.csv'])
})

test('a database that no server has opened is no installation yet', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'bank-api.sqlite'), '')

  expectSentence(await runCli(folder, ['tenant', 'list']), 'start the server once')
})

test('a sandbox’s copy is not verified with a key made for the occasion', async () => {
  const { env, folder } = await anInstallation()
  const { out } = await run(cli, ['backup', '--json'], { env })
  const { copy } = JSON.parse(out) as { copy: string }
  const elsewhere = { DATA_DIR: join(folder, 'elsewhere') }

  const verified = await run(cli, ['backup', 'verify', copy, '--json'], { env: elsewhere })

  expect(verified.code).toBe(1)
  expect(verified.out).toContain('"ok":false')
  expect(existsSync(elsewhere.DATA_DIR)).toBe(false)
})

test.each([[server], [cli]])('%s: a file where DATA_DIR should be is named', async (program) => {
  const file = join(testFolder(), 'file')
  writeFileSync(file, '')

  const ran = await run(program, program === cli ? ['tenant', 'list'] : [], {
    env: { DATA_DIR: file },
  })

  expectSentence(ran, file, 'a file stands where a folder belongs')
})

test('a server is told in a sentence which address and port it may not have', async () => {
  const env = { DATA_DIR: join(testFolder(), 'data'), SANDBOX_PORT: '0', PORT: '0' }

  const [foreign, unknown] = await Promise.all([
    run(server, [], { env: { ...env, HOST: '192.0.2.1' } }),
    run(server, [], {
      env: { ...env, DATA_DIR: join(testFolder(), 'data'), HOST: 'nowhere.invalid' },
    }),
  ])

  for (const ran of [foreign, unknown]) expect(ran.code).toBe(1)
  expect(foreign.err).toBe('HOST: 192.0.2.1 is no address of this machine\n')
  expect(unknown.err).toBe('HOST: nowhere.invalid does not resolve\n')
})

test('a target that is there already, or no folder, is refused and left as it was', async () => {
  const { folder, env } = await anInstallation()
  await run(cli, ['tenant', 'create', 'acme'], { env })
  const file = join(folder, 'export.json')
  writeFileSync(file, 'mine')

  const [exported, lost, copied] = await Promise.all([
    run(cli, ['tenant', 'export', 'acme', '--to', file], { env }),
    run(cli, ['tenant', 'export', 'acme', '--to', join(folder, 'no/where.json')], { env }),
    run(cli, ['backup', '--to', file], { env }),
  ])
  const audit = await run(cli, ['audit', 'list', '--action', 'tenant.exported'], { env })

  expectSentence(exported, file, 'it exists already')
  expectSentence(lost, 'no/where.json', 'it does not exist')
  expectSentence(copied, file, 'a file stands where a folder belongs')
  expect(statSync(file).size).toBe(4)
  expect(audit.out).toBe('none\n')
})

describe.runIf(isRoot)('as somebody who is not root', () => {
  test('a folder of somebody else is named, with who we are', async () => {
    const { env } = await anInstallation()
    chmodSync(env['DATA_DIR']!, 0o700)
    const free = { ...env, PORT: '0', SANDBOX_PORT: '0' }

    const [command, started, doctor] = await Promise.all([
      run(cli, ['tenant', 'list'], { env, asNobody: true }),
      run(server, [], { env: free, asNobody: true }),
      run(cli, ['doctor'], { env, asNobody: true }),
    ])

    for (const ran of [command, started]) {
      expectSentence(ran, env['DATA_DIR']!, `user ${nobody} has no right to it`, 'server')
    }
    expect(doctor).toMatchObject({ code: 2, err: '' })
  })

  test('a database of somebody else in a folder that can be read is no stack either', async () => {
    const { env } = await anInstallation()
    chmodSync(env['DATA_DIR']!, 0o755)
    const file = join(env['DATA_DIR']!, 'bank-api.sqlite')

    const closed = await run(cli, ['tenant', 'list'], { env, asNobody: true })
    for (const name of readdirSync(env['DATA_DIR']!)) chmodSync(join(env['DATA_DIR']!, name), 0o644)
    const readable = await run(cli, ['tenant', 'create', 'a'], { env, asNobody: true })

    expectSentence(closed, file, `user ${nobody} has no right to it`)
    expectSentence(readable, file, `user ${nobody} has no right to it`)
  })

  test('targets that may not be written are named, and a privileged port', async () => {
    const { folder, env } = await anInstallation()
    await run(cli, ['tenant', 'create', 'acme'], { env })
    giveTo(nobody, env['DATA_DIR']!)
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o755 })
    const asNobody = { env, asNobody: true }
    const free = { ...env, DATA_DIR: join(env['DATA_DIR']!, 'other'), SANDBOX_PORT: '0' }

    const [exported, copied, low] = await Promise.all([
      run(cli, ['tenant', 'export', 'acme', '--to', join(closed, 'x.json')], asNobody),
      run(cli, ['backup', '--to', closed], asNobody),
      run(server, [], { env: { ...free, PORT: '81' }, asNobody: true }),
    ])

    expectSentence(exported, closed, 'has no right to it')
    expectSentence(copied, closed, 'has no right to it')
    expect(low).toMatchObject({
      code: 1,
      err: 'PORT: 81 is for root alone; use one from 1024 on\n',
    })
    expect(readdirSync(closed)).toEqual([])
  })
})

describe.runIf(isRoot)(
  'what root does leaves nothing that the server’s own user cannot use',
  () => {
    test('a copy, its folder and the files beside the database', async () => {
      const { env } = await anInstallation()
      const data = env['DATA_DIR']!
      giveTo(nobody, data)

      const byRoot = await run(cli, ['backup', '--json'], { env })
      const created = await run(cli, ['tenant', 'create', 'acme'], { env })
      const own = await run(cli, ['backup', '--json'], { env, asNobody: true })
      const listed = await run(cli, ['tenant', 'list'], { env, asNobody: true })

      for (const ran of [byRoot, created, own, listed])
        expect(ran, ran.err).toMatchObject({ code: 0 })
      const files = readdirSync(data, { recursive: true }) as string[]
      expect(files.length).toBeGreaterThan(3)
      for (const file of files) expect(statSync(join(data, file)).uid, file).toBe(nobody)
    })

    test('a restore into an empty folder', async () => {
      const { env, folder } = await anInstallation()
      const { out } = await run(cli, ['backup', '--json'], { env })
      const { copy } = JSON.parse(out) as { copy: string }
      const data = join(folder, 'new')
      mkdirSync(data, { mode: 0o700 })
      execFileSync('cp', [join(env['DATA_DIR']!, 'sandbox-master.key'), data])
      giveTo(nobody, data)

      const restored = await run(cli, ['restore', copy, '--yes'], { env: { DATA_DIR: data } })
      const asNobody = { env: { DATA_DIR: data }, asNobody: true }
      const created = await run(cli, ['tenant', 'create', 'acme'], asNobody)

      expect(restored, restored.err).toMatchObject({ code: 0 })
      expect(created, created.err).toMatchObject({ code: 0 })
    })
  },
)

function giveTo(uid: number, folder: string): void {
  chownSync(folder, uid, uid)
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    chownSync(join(folder, name), uid, uid)
  }
}

describe('whoever stops reading', () => {
  test('ends no command with an error', async () => {
    const { env } = await anInstallation()
    await run(cli, ['tenant', 'create', 'acme'], { env })
    const lines = [
      'set -o pipefail; bank-api tenant list | true',
      'set -o pipefail; bank-api doctor | head -1; [ ${PIPESTATUS[0]} -le 2 ]',
      'set -o pipefail; bank-api tenant export acme | head -c 1 >/dev/null',
      'set -o pipefail; bank-api key --help 2>&1 | true; true',
    ]

    const ran = await Promise.all(lines.map((line) => shell(line, env)))

    for (const [index, { code, err }] of ran.entries()) {
      expect({ code, err }, lines[index]).toEqual({ code: 0, err: '' })
    }
  })

  test('is no full disk: that is said', async () => {
    const { env } = await anInstallation()

    const ran = await shell('bank-api tenant list > /dev/full', env)

    expectSentence(ran, 'The output: the disk is full')
  })
})

/** A disk of so many kilobytes; undefined where we may not make one. */
function smallDisk(kilobytes: number): string | undefined {
  const folder = openFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  return folder
}

test('a full disk is said in a sentence, and half a copy or export does not stay', async (context) => {
  const disk = smallDisk(64)
  context.skip(disk === undefined, 'no disk of our own can be mounted here')
  if (disk === undefined) return
  const { env } = await anInstallation()
  await run(cli, ['tenant', 'create', 'acme'], { env })

  const copied = await run(cli, ['backup', '--to', join(disk, 'copies')], { env })
  const left = readdirSync(join(disk, 'copies'))
  const begun = await run(server, [], {
    env: { DATA_DIR: join(disk, 'data'), PORT: '0', SANDBOX_PORT: '0' },
  })
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(1), { flag: 'a' })
  execFileSync('sh', ['-c', `cat /dev/zero > ${join(disk, 'ballast')} 2>/dev/null || true`])
  const exported = await run(cli, ['tenant', 'export', 'acme', '--to', join(disk, 'x.json')], {
    env,
  })

  expectSentence(copied, 'a copy needs', 'and there are 0')
  expect(left).toEqual([])
  expectSentence(begun, 'the disk is full')
  expectSentence(exported, 'the disk is full')
  expect(existsSync(join(disk, 'x.json'))).toBe(false)
})
