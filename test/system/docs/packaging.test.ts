import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { environment, secretVariables } from '../../../src/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { runBy } from './commands.ts'
import { typedIn } from './guides.ts'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(checkout, path), 'utf8')
const unit = read('packaging/bank-api.service')
const settings = (name: string): string[] =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value)

/** All system calls of systemd's group, those of the groups inside it too. */
function callsOf(group: string): string[] {
  const lines = execFileSync('systemd-analyze', ['syscall-filter', group], { encoding: 'utf8' })
  const inside = lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^@?[a-z0-9_-]+$/.test(line) && line !== group)
  return inside.flatMap((name) => (name.startsWith('@') ? callsOf(name) : [name]))
}

/** What `SystemCallFilter=` lets through: its lines in their order, groups that begin with ~ taken away. */
function allowedCalls(): Set<string> {
  const allowed = new Set<string>()
  for (const line of settings('SystemCallFilter')) {
    const taken = line.startsWith('~')
    for (const group of line.replace('~', '').split(' ')) {
      for (const call of callsOf(group)) {
        if (taken) allowed.delete(call)
        else allowed.add(call)
      }
    }
  }
  return allowed
}

test('the unit hands out secrets as credentials, names variables that exist, and outwaits a stop', () => {
  const variables = settings('Environment').flatMap((line) => line.split(' '))
  const names = variables.map((pair) => pair.split('=')[0]!)
  const known = [
    ...Object.keys(environment.shape),
    ...secretVariables.map((name) => `${name}_FILE`),
    'NODE_OPTIONS',
  ]
  const credentials = settings('LoadCredential').map((line) => line.split(':')[0])
  const files = variables
    .filter((pair) => pair.includes('_FILE='))
    .map((pair) => pair.split('%d/')[1])

  for (const name of names) expect(known).toContain(name)
  for (const secret of secretVariables) expect(names).not.toContain(secret)
  expect(files).toEqual(credentials)
  const { STOP_DELAY: delay, STOP_TIMEOUT: timeout } = environment.parse({})
  expect(Number(settings('TimeoutStopSec')[0])).toBeGreaterThan(delay + timeout)
})

const hasSystemd = existsSync('/usr/bin/systemd-analyze') || process.env['CI'] !== undefined

test.skipIf(!hasSystemd)('systemd finds little that the unit leaves open', () => {
  const out = execFileSync(
    'systemd-analyze',
    ['security', '--offline=true', '--threshold=15', join(checkout, 'packaging/bank-api.service')],
    { encoding: 'utf8' },
  )

  expect(out).toMatch(/Overall exposure level for bank-api.service: [01]\.\d/)
})

describe('the archive of a release', () => {
  let folder: string
  let root: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bank-api-archive-'))
    const release = join(folder, 'release')
    execFileSync(join(checkout, 'packaging/archive.sh'), [release])
    const [archive = ''] = globSync('*.tar.gz', { cwd: release })
    execFileSync('sha256sum', ['--check', `${archive}.sha256`], { cwd: release })
    for (const path of ['opt', 'etc/bank-api', 'etc/systemd/system']) {
      mkdirSync(join(folder, path), { recursive: true })
    }
    const here = archive.replace(/^bank-api-.*?-linux/, 'linux').replace('.tar.gz', '')
    const typed = typedIn('docs/docker.md').filter((line) => runBy[line]?.includes('packaging'))
    execFileSync(
      'sh',
      [
        '-ec',
        typed
          .join('\n')
          .replaceAll(/linux-x64/g, here)
          .replaceAll(/(?<= )\/(?=opt|etc)/g, `${folder}/`),
      ],
      {
        cwd: folder,
      },
    )
    root = join(folder, 'opt/bank-api')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is put where the unit looks for it by the commands of the guide', () => {
    const made = (path: string) => statSync(join(folder, path))

    expect(made('etc/bank-api/secrets').mode & 0o777).toBe(0o700)
    expect(
      Buffer.from(readFileSync(join(folder, 'etc/bank-api/secrets/master_key'), 'utf8'), 'base64'),
    ).toHaveLength(32)
    expect(readFileSync(join(folder, 'etc/systemd/system/bank-api.service'), 'utf8')).toBe(unit)
    for (const program of settings('ExecStart')) expect(made(program).mode & 0o111).toBe(0o111)
  })

  test('brings its own Node, and says its version', () => {
    const env = { PATH: '/usr/bin:/bin' }

    const said = execFileSync(join(root, 'bin/bank-api'), ['--version'], { encoding: 'utf8', env })

    expect(said.trim()).toBe(JSON.parse(read('package.json')).version)
    expect(existsSync(join(root, 'bank-api.service'))).toBe(true)
  })

  test.skipIf(!hasSystemd)(
    'serves and stops with no system call that the unit forbids',
    async () => {
      const port = await freePort()
      const data = join(folder, 'data')
      const trace = join(data, 'calls')
      mkdirSync(data)
      // As the unit's user: SQLite makes more calls for root.
      const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
      if (nobody.uid !== undefined) {
        chmodSync(folder, 0o755)
        chownSync(data, nobody.uid, nobody.gid)
      }
      // Each dies with who started it, also when that is killed.
      const dying = ['--pdeathsig', 'KILL']
      const program = join(root, 'bin/bank-api-server')
      const server = spawn(
        'setpriv',
        [...dying, 'strace', '-f', '-qq', '-o', trace, 'setpriv', ...dying, program],
        {
          cwd: root,
          ...nobody,
          env: {
            PATH: '/usr/bin:/bin',
            DATA_DIR: data,
            PORT: String(port),
            SANDBOX_PORT: String(await freePort()),
            LOG_LEVEL: 'silent',
          },
          detached: true,
          stdio: 'ignore',
        },
      )
      onTestFinished(() => {
        if (server.exitCode === null) process.kill(-server.pid!, 'SIGKILL')
      })
      const ended = new Promise<number | null>((resolve) => {
        server.once('close', resolve)
      })
      const live = `http://127.0.0.1:${port}/live`
      await expect
        .poll(() =>
          fetch(live).then(
            ({ status }) => status,
            () => 0,
          ),
        )
        .toBe(200)
      process.kill(-server.pid!, 'SIGTERM') // strace heeds none, and ends as the server does
      const code = await ended

      const traced = readFileSync(trace, 'utf8')
      const itsOwn = traced.slice(traced.indexOf(`execve("${program}"`))
      const used = new Set(
        [...itsOwn.matchAll(/^\d+ +([a-z0-9_]+)\(/gm)].map(([, name = '']) => name),
      )
      const allowed = allowedCalls()
      expect(code).toBe(0)
      expect(used.size).toBeGreaterThan(40)
      expect([...used].filter((name) => !allowed.has(name))).toEqual([])
    },
  )
})

test('a release has notes on how to come to it, and back', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const [, notes = ''] = read('CHANGELOG.md').split(`\n## ${version}\n`)

  expect(notes).toMatch(/^\n### Upgrade from \d/)
  expect(notes.split('\n### ')[1]).toContain('**The way back**')
})

interface Compose {
  services: Record<
    string,
    {
      image: string
      restart: string
      logging: { options: Record<string, string> }
      environment?: Record<string, string>
      volumes?: string[]
      profiles?: string[]
      depends_on?: Record<string, { condition: string }>
    }
  >
  configs: Record<string, { content: string }>
}

describe.each(['compose.yaml', 'compose.postgres.yaml'])('%s', (file) => {
  const { services, configs } = parse(read(file), { merge: true }) as Compose
  const names = Object.keys(services)

  test.each(names)('%s starts again by itself, and its log does not fill the disk', (name) => {
    const { restart, logging } = services[name]!

    expect(restart).toBe('unless-stopped')
    expect(Object.keys(logging.options)).toEqual(['max-size', 'max-file'])
  })

  test('Caddy waits until it may pass calls on, compresses answers, and keeps /metrics inside', () => {
    const waited = Object.entries(services['caddy']!.depends_on ?? {})
    const { content = '' } = configs['caddyfile'] ?? {}

    expect(waited.map(([name]) => name)).toEqual(names.filter((name) => name.startsWith('bank-')))
    for (const [, { condition }] of waited) expect(condition).toBe('service_healthy')
    expect(content).toMatch(/^ *encode$/m)
    expect(content).toMatch(/^ *respond \/metrics 404$/m)
  })
})

test('compose.yaml keeps copies on another volume than the database, and Litestream is a profile', () => {
  const { services } = parse(read('compose.yaml')) as Compose
  const { environment: variables = {}, volumes = [] } = services['bank-api']!

  expect(volumes).toContain(`backups:${variables['BACKUP_DIR']}`)
  expect(volumes).toContain('data:/data')
  expect(variables['METRICS_TOKEN_FILE']).toBe('/run/secrets/metrics_token')
  expect(services['litestream']).toMatchObject({ profiles: ['litestream'] })
  expect(services['litestream']!.volumes).toContain('data:/data')
})

test('a tag has the image built, scanned, published with its bill of materials, and signed, in this order', () => {
  const workflow = parse(read('.github/workflows/release.yml')) as {
    on: { push: { tags: string[] } }
    jobs: Record<
      string,
      { needs?: string; steps?: { uses?: string; run?: string; with?: object }[] }
    >
  }
  const { image } = workflow.jobs
  const used = image!.steps!.map(({ uses, run }) => (uses ?? run ?? '').split('@')[0])
  const steps = [
    'aquasecurity/trivy-action',
    'docker/build-push-action',
    'cosign sign --yes "$IMAGE',
  ]

  expect(workflow.on.push.tags).toEqual(['v*.*.*'])
  expect(image!.needs).toBe('check')
  expect(used.filter((name) => steps.includes(name!))).toEqual([
    'docker/build-push-action',
    'aquasecurity/trivy-action',
    'docker/build-push-action',
    'cosign sign --yes "$IMAGE',
  ])
  expect(
    image!.steps!.findLast(({ uses }) => uses?.startsWith('docker/build'))!.with,
  ).toMatchObject({
    push: true,
    sbom: true,
  })
  for (const label of ['version', 'revision', 'source', 'title']) {
    expect(read('Dockerfile')).toContain(`org.opencontainers.image.${label}=`)
  }
})

test('the public workflows ask for no more than they need, and pin what they use', () => {
  for (const file of globSync('.github/workflows/*.yml', { cwd: checkout })) {
    const text = read(file)
    const workflow = parse(text) as { permissions: object }
    const used = [...text.matchAll(/uses: (\S+)/g)].map(([, name = '']) => name)

    expect(workflow.permissions, file).toEqual({ contents: 'read' })
    for (const name of used) expect(name, file).toMatch(/^\.\/|@v?\d|@[0-9a-f]{40}$/)
  }
  const bot = JSON.parse(read('.github/renovate.json')) as { extends: string[] }
  expect(bot.extends).toContain('docker:pinDigests')
  expect(bot.extends).toContain('helpers:pinGitHubActionDigestsToSemver')
})
