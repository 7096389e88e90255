import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environment, secretVariables } from '../../../src/environment.ts'
import { demoGreeting, demoReminder } from '../../../src/demo/greeting.ts'
import { freePort } from '../../support/free-port.ts'
import { runHere } from '../../support/run-cli.ts'
import { notRun, runBy } from './commands.ts'
import { checkout, guides, read, typedIn, wordsOf } from './guides.ts'

/** What is run beside a server: a command of ours that no other test runs, or is named as not run. */
const isOurs = (command: string): boolean =>
  /^(?:npx )?bank-api /.test(command) && !(command in runBy) && !(command in notRun)

function start(command: string, env: Record<string, string>) {
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd: checkout,
    detached: true,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { text: '', out: '' }
  const waiting: { word: string; resolve: () => void }[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said.text += chunk.toString()
      if (stream === child.stdout) said.out += chunk.toString()
      for (const { word, resolve } of waiting) if (said.text.includes(word)) resolve()
    })
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code))
  })
  return {
    said,
    ended,
    until: (word: string) =>
      Promise.race([
        new Promise<void>((resolve) => {
          waiting.push({ word, resolve })
          if (said.text.includes(word)) resolve()
        }),
        ended.then(() => {
          throw new Error(`${command} ended:\n${said.text}`)
        }),
      ]),
    // The whole group: npm starts a shell, which starts Node.
    stop: (signal: NodeJS.Signals = 'SIGTERM') => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, signal)
      return ended
    },
  }
}

describe('a newcomer with the README alone', () => {
  let folder: string
  let env: Record<string, string>
  let server: ReturnType<typeof start>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bank-api-readme-'))
    env = {
      DATA_DIR: join(folder, 'data'),
      PORT: String(await freePort()),
      SANDBOX_PORT: String(await freePort()),
      LOG_LEVEL: 'warn',
    }
    server = start('npm start', env)
    await server.until('/docs')
  })
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What the start prints to be typed. */
  const commandsSaid = (): string[] => server.said.text.match(/^ {2}curl (?:.*\\\n)*.*$/gm) ?? []

  const shell = async (command: string) => {
    const running = start(`sh -c '${command.replaceAll("'", `'\\''`)}'`, env)
    const code = await running.ended
    return { code, ...running.said }
  }

  test('connects a demo bank with the commands that npm start prints', async () => {
    const printed = commandsSaid()

    const who = await shell(printed[0]!.trim())
    const asked = await shell(printed[1]!.trim())
    const [, url = ''] = /"url":"([^"]+)"/.exec(asked.text) ?? []
    const bank = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ login: 'anything', password: 'at all' }),
      redirect: 'manual',
    })
    const back = await fetch(bank.headers.get('location')!, { redirect: 'manual' })
    const home = new URL(back.headers.get('location')!)

    expect(printed).toHaveLength(2)
    expect(who.text).toContain('{"message":"demo"}')
    const page = await fetch(home, { headers: { accept: 'text/html' } })
    expect(home.href).toContain(`http://127.0.0.1:${env['PORT']}/demo?request=`)
    expect(home.searchParams.get('success')).toBe('true')
    expect(home.searchParams.get('item_id')).toMatch(/^\d+$/)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Compte courant')
    expect((await fetch(`http://127.0.0.1:${env['PORT']}/docs`)).status).toBe(200)
  })

  test('runs every bank-api command of the README and the guides', async () => {
    const ours = [...new Set(guides.flatMap(typedIn).filter(isOurs))]
    const failed: string[] = []
    for (const command of ours) {
      // As a newcomer has it, in a checkout; the others in this process, which is as good and quicker.
      const { code, text, out } = command.startsWith('npx ')
        ? await shell(command)
        : await runHere(wordsOf(command), { cwd: folder, env }).then((ran) => ({
            ...ran,
            text: ran.out + ran.err,
          }))
      if (code !== 0) failed.push(`${command}: ${code}\n${text}`)
      for (const line of out.replaceAll(folder, '.').split('\n')) {
        // An address that is broken in two opens nothing.
        if (!/^https?:\S+$/.test(line)) expect(line.length, line).toBeLessThanOrEqual(80)
      }
    }

    expect(ours.length).toBeGreaterThan(25)
    expect(failed).toEqual([])
  })

  test('methods.md’s call answers who the key is', async () => {
    const [command = ''] = typedIn('docs/methods.md')
    const [, apiKey = '', secret = ''] =
      /api_key +(\S+)\n +api_secret +(\S+)/.exec(server.said.text) ?? []

    const { text } = await shell(
      command
        .replace('API_KEY:API_SECRET', `${apiKey}:${secret}`)
        .replace('https://bank-api.example', `http://127.0.0.1:${env['PORT']}`),
    )

    expect(text).toContain('{"message":"demo"}')
  })

  test('the sandbox’s address is posted to as its guide does, and answers with the way back', async () => {
    const [command = ''] = typedIn('docs/sandbox.md').filter((line) => line.startsWith('curl '))
    const [, asking = ''] = commandsSaid()
    const [, url = ''] = /"url":"([^"?]+)/.exec((await shell(asking.trim())).text) ?? []

    const { text } = await shell(command.replace(/http:\S+/, url))

    expect(text).toMatch(/^HTTP\/1.1 303 /m)
    expect(text).toContain(`http://127.0.0.1:${env['PORT']}/bridge/callback?`)
  })

  test('a fault of the sandbox shows until it is ended, as its guide says', async () => {
    const [begin = '', end = ''] = typedIn('docs/sandbox.md')
      .filter((line) => line.includes('/_sandbox/faults'))
      .map((line) => line.replace(':8081', `:${env['SANDBOX_PORT']}`))
    const [, asking = ''] = commandsSaid()
    const ask = async () => (await shell(asking.trim())).text

    await shell(begin)
    const refused = await ask()
    await shell(end)

    expect(refused).toContain('"exc_type":"BridgeError"')
    expect(await ask()).toContain('"url":"')
  })

  test.each(['npm run dev', 'npm run sandbox'])('%s starts', async (command) => {
    const own = {
      ...env,
      DATA_DIR: join(folder, command.replaceAll(' ', '-')),
      PORT: String(await freePort()),
      SANDBOX_PORT: String(await freePort()),
    }
    const running = start(command, own)
    await running.until('in the box')

    await running.stop()
  })
})

test('the docker command names variables that exist in a file, and no secret', () => {
  const run = typedIn('docs/docker.md').find((command) => command.startsWith('docker run'))!
  const file = /```ini\n((?:[A-Z_]+=.*\n)+)```/.exec(read('docs/docker.md'))![1]!
  const names = [...file.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name)

  expect(run).toContain('--env-file bank-api.env')
  for (const name of secretVariables) expect(run).not.toContain(name)
  expect(names.length).toBeGreaterThan(3)
  for (const name of names) expect(Object.keys(environment.shape)).toContain(name)
})

test('every link of the README and the guides leads to a file', () => {
  for (const page of guides) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect(existsSync(join(checkout, dirname(page), target)), `${page}: ${target}`).toBe(true)
    }
  }
})

test('what a newcomer reads in the terminal fits in 80 columns', () => {
  const key = { apiKey: `key_${'x'.repeat(24)}`, apiSecret: 'x'.repeat(43) }
  const text = demoGreeting('http://127.0.0.1:8080', key) + demoReminder('http://127.0.0.1:8080')

  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})
