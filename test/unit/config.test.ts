import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config.ts'
import { environment, secretVariables } from '../../src/environment.ts'
import { decodeText } from '../../src/decode-text.ts'

const key = Buffer.alloc(32, 7).toString('base64')

/** An environment that production accepts. */
const production = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://bank.example',
  BRIDGE_CLIENT_ID: 'client',
  BRIDGE_CLIENT_SECRET: 'client-secret',
  MASTER_KEY: key,
}

const onServer = { DATABASE_URL: 'postgres://bank:hunter2@db.example/bank?sslmode=verify-full' }

type Env = Record<string, string | undefined>

function problemsOf(env: Env, files: Record<string, string> = {}): readonly string[] {
  try {
    loadConfig(env, readFrom(files))
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const readFrom =
  (files: Record<string, string>) =>
  (path: string): string => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error(`ENOENT ${path}`), { code: 'ENOENT' })
    return text
  }

describe('a start is refused', () => {
  it.each<[name: string, env: Env, problems: RegExp[]]>([
    [
      'in production without PUBLIC_URL',
      { ...production, PUBLIC_URL: '' },
      [/^PUBLIC_URL: is mis/],
    ],
    [
      'in production with an http PUBLIC_URL',
      { ...production, PUBLIC_URL: 'http://bank.example' },
      [/^PUBLIC_URL: must be https/],
    ],
    [
      'in production with an http PUBLIC_URL in capitals',
      { ...production, PUBLIC_URL: 'HTTP://BANK.EXAMPLE' },
      [/^PUBLIC_URL: must be https/],
    ],
    [
      'in production without a master key',
      { ...production, MASTER_KEY: undefined },
      [/^MASTER_KEY: is missing/],
    ],
    [
      'in production without credentials',
      { ...production, BRIDGE_CLIENT_ID: '', BRIDGE_CLIENT_SECRET: '' },
      [/^BRIDGE_CLIENT_ID, BRIDGE_CLIENT_SECRET: are missing/],
    ],
    [
      'with an id but no secret',
      { BRIDGE_CLIENT_ID: 'x', MASTER_KEY: key },
      [/^BRIDGE_CLIENT_SECR/],
    ],
    [
      'with a secret but no id',
      { BRIDGE_CLIENT_SECRET: 'x', MASTER_KEY: key },
      [/^BRIDGE_CLIENT_ID:/],
    ],
    [
      'with credentials but no master key',
      { BRIDGE_CLIENT_ID: 'x', BRIDGE_CLIENT_SECRET: 'y' },
      [/^MASTER_KEY: is missing/],
    ],
    ['with a sandbox beside credentials', { ...production, SANDBOX: 'true' }, [/^SANDBOX:/]],
    [
      'with neither sandbox nor credentials',
      { SANDBOX: 'false', MASTER_KEY: key },
      [/^BRIDGE_CLIENT_ID, BRIDGE_CLIENT_SECRET: are missing/],
    ],
    [
      'in a production sandbox without a master key',
      { NODE_ENV: 'production', SANDBOX: 'true', PUBLIC_URL: 'https://bank.example' },
      [/^MASTER_KEY: is missing/],
    ],
    ['for a port that is none', { PORT: '65536' }, [/^PORT:/]],
    ['for a flag that is neither true nor false', { ALLOW_HTTP: 'yes' }, [/^ALLOW_HTTP: must be/]],
    [
      'for an address that is none',
      { PUBLIC_URL: 'bank.example' },
      [/^PUBLIC_URL: must be an http/],
    ],
    [
      'for an address with a query',
      { PUBLIC_URL: 'https://bank.example/?a=1' },
      [/^PUBLIC_URL:.*bare/],
    ],
    [
      'for an address with credentials',
      { PUBLIC_URL: 'https://me:pw@bank.example' },
      [/^PUBLIC_URL:/],
    ],
    ['for a Bridge with a version', { BRIDGE_BASE_URL: 'https://b.test/v3/' }, [/without \/v3$/]],
    [
      'for three webhook secrets',
      { BRIDGE_WEBHOOK_SECRETS: 'a,b,c' },
      [/^BRIDGE_WEBHOOK_SECRETS:/],
    ],
    ['for a proxy by name', { TRUSTED_PROXIES: '10.0.0.1,proxy' }, [/^TRUSTED_PROXIES:/]],
    ['for a proxy range that is none', { TRUSTED_PROXIES: '10.0.0.0/33' }, [/^TRUSTED_PROXIES:/]],
    ['for an e-mail address that is none', { DEFAULT_USER_EMAIL: 'me' }, [/^DEFAULT_USER_EMAIL:/]],
    ['for a mode that is not known', { NODE_ENV: 'prod' }, [/^NODE_ENV: must be production, dev/]],
    [
      'for a mode that is not known, with what else is wrong',
      { NODE_ENV: 'staging', PORT: 'x' },
      [/^NODE_ENV: /, /^PORT: /],
    ],
    [
      'for an address with a path',
      { PUBLIC_URL: 'https://bank.example/bank/' },
      [/^PUBLIC_URL: must be an origin, without a path/],
    ],
    [
      'for values in quotes, as docker --env-file leaves them',
      { ...production, BRIDGE_CLIENT_ID: '"abc"', PUBLIC_URL: "'https://bank.example'" },
      [/^PUBLIC_URL: has quotes/, /^BRIDGE_CLIENT_ID: has quotes/],
    ],
    [
      'for a comment behind a value, as docker --env-file leaves it',
      { ...production, BRIDGE_CLIENT_ID: 'abc # ours', DATA_DIR: '/data # a volume' },
      [/^DATA_DIR: has a comment/, /^BRIDGE_CLIENT_ID: has a comment/],
    ],
    [
      'for a client id of two words',
      { ...production, BRIDGE_CLIENT_ID: 'ab cd' },
      [/^BRIDGE_CLIENT_ID: must be one word/],
    ],
    ['for an unknown log level', { LOG_LEVEL: 'loud' }, [/^LOG_LEVEL:/]],
    [
      'for answers that no minute of Bridge’s suffices for, with what it suffices for',
      { MAX_TRANSACTIONS: '28001' },
      [/^MAX_TRANSACTIONS: .* 28000 at most, by QUOTA_USER_PER_MINUTE/],
    ],
    [
      'for a database of another kind',
      { ...production, DATABASE_URL: 'mysql://bank:hunter2@db.example/bank' },
      [/^DATABASE_URL: must be postgres:\/\/user:password@host:port\/database\?sslmode=…$/],
    ],
    [
      'for what is said of a file beside DATABASE_URL',
      { ...production, ...onServer, DATA_DIR: '/data', BACKUP_HOURS: '0', BACKUP_KEEP: '2' },
      [
        /^DATA_DIR: means nothing with DATABASE_URL/,
        /^BACKUP_HOURS: means nothing/,
        /^BACKUP_KEEP: means nothing/,
      ],
    ],
    [
      'for a pool without DATABASE_URL',
      { ...production, DATABASE_POOL: '5' },
      [/^DATABASE_POOL: means nothing without DATABASE_URL$/],
    ],
    ['for a pool of one', { ...production, ...onServer, DATABASE_POOL: '1' }, [/^DATABASE_POOL:/]],
  ])('%s', (_name, env, expected) => {
    const problems = problemsOf(env)

    expect(problems).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern)
  })

  it('with every problem in one message, those of form and those of sense', () => {
    const env = { NODE_ENV: 'production', PORT: 'http', LOG_LEVEL: 'loud', BRIDGE_CLIENT_ID: 'x' }

    expect(() => loadConfig(env)).toThrow(
      /PORT:[^]*LOG_LEVEL:[^]*BRIDGE_CLIENT_SECRET:[^]*PUBLIC_URL:[^]*MASTER_KEY:/,
    )
  })

  it('without calling missing what is only malformed', () => {
    const problems = problemsOf({ ...production, PUBLIC_URL: 'nowhere', MASTER_KEY: 'short' })

    expect(problems.filter((line) => line.includes('is missing'))).toEqual([])
    expect(problems).toHaveLength(2)
  })

  it('without repeating a secret', () => {
    const secret = 'hunter2'

    const problems = problemsOf({ ...production, MASTER_KEY: secret, BRIDGE_CLIENT_ID: '' })

    expect(problems.join('\n')).not.toContain(secret)
    expect(problems.join('\n')).not.toContain(production.BRIDGE_CLIENT_SECRET)
  })
})

describe('the master key', () => {
  const other = Buffer.alloc(32, 8).toString('base64')

  it('may stand alone', () => {
    const { secrets } = loadConfig({ MASTER_KEY: key })

    expect(secrets.masterKeys).toEqual([{ id: 'main', key: Buffer.alloc(32, 7) }])
  })

  it('may be several with ids, the newest first', () => {
    const { secrets } = loadConfig({ MASTER_KEY: `new:${other}, old:${key}` })

    expect(secrets.masterKeys).toEqual([
      { id: 'new', key: Buffer.alloc(32, 8) },
      { id: 'old', key: Buffer.alloc(32, 7) },
    ])
  })

  it.each([
    ['too short', Buffer.alloc(31).toString('base64')],
    ['too long', Buffer.alloc(33).toString('base64')],
    ['hexadecimal', Buffer.alloc(32).toString('hex')],
    ['no base64', '!'.repeat(44)],
    ['without an id before the colon', `:${key}`],
    ['with more than an id', `a:${key}:b`],
    ['one good, one bad', `a:${key},b:short`],
  ])('is refused when %s', (_name, text) => {
    expect(problemsOf({ MASTER_KEY: text })).toEqual([
      expect.stringMatching(/^MASTER_KEY: must be 32 bytes in base64/),
    ])
  })

  it('is refused when two have one id', () => {
    expect(problemsOf({ MASTER_KEY: `a:${key},a:${other}` })).toEqual([
      'MASTER_KEY: two keys have the same id',
    ])
  })
})

describe('a secret may come from a file', () => {
  it('whose last line break does not belong to it', () => {
    const { MASTER_KEY: _, BRIDGE_CLIENT_SECRET: __, ...rest } = production
    const files = { '/run/key': `${key}\n`, '/run/secret': 's3cret\n', '/run/hooks': 'one,two\n' }
    const env = {
      ...rest,
      MASTER_KEY_FILE: '/run/key',
      BRIDGE_CLIENT_SECRET_FILE: '/run/secret',
      BRIDGE_WEBHOOK_SECRETS_FILE: '/run/hooks',
    }

    const { secrets } = loadConfig(env, readFrom(files))

    expect(secrets).toMatchObject({
      bridge: { clientId: 'client', clientSecret: 's3cret' },
      webhookSecrets: ['one', 'two'],
      masterKeys: [{ id: 'main', key: Buffer.alloc(32, 7) }],
    })
  })

  it.each(secretVariables)('but not from a file that is not there (%s)', (name) => {
    const beside = name === 'SMTP_URL' ? { MAIL_FROM: 'reminders@bank.test' } : {}
    const env = { ...production, ...beside, [name]: undefined, [`${name}_FILE`]: '/nowhere' }

    // Once, and not besides that it is missing.
    expect(problemsOf(env)).toEqual([`${name}_FILE: cannot be read: it does not exist`])
  })

  it('but not from an empty file', () => {
    const env = { ...production, MASTER_KEY: undefined, MASTER_KEY_FILE: '/run/key' }

    expect(problemsOf(env, { '/run/key': '\n' })).toEqual(['MASTER_KEY_FILE: is an empty file'])
  })

  it('but not from both', () => {
    const env = { ...production, MASTER_KEY_FILE: '/run/key' }

    expect(problemsOf(env, { '/run/key': 'no key' })).toEqual([
      'MASTER_KEY: is set, and MASTER_KEY_FILE too: take one of them away',
    ])
  })
})

describe('the database', () => {
  const locationIn = (env: Env, files: Record<string, string> = {}) =>
    loadConfig({ ...production, ...env }, readFrom(files)).secrets.database

  it('is a file in DATA_DIR, or the server that is named', () => {
    expect(locationIn({ DATA_DIR: '/data' })).toBe('/data/bank-api.sqlite')
    expect(locationIn({ DATABASE_POOL: '25', ...onServer })).toEqual({
      url: onServer.DATABASE_URL,
      poolSize: 25,
    })
    expect(
      locationIn({ DATABASE_URL_FILE: '/run/url' }, { '/run/url': 'postgresql://db/bank\n' }),
    ).toEqual({ url: 'postgresql://db/bank', poolSize: 10 })
  })

  it('on a server leaves a sandbox its folder', () => {
    expect(loadConfig({ ...onServer, DATA_DIR: '/data' }).dataDir).toBe('/data')
  })
})

describe('without a word', () => {
  it('the sandbox runs, on the next port, and takes http addresses', () => {
    const config = loadConfig({})

    expect(config).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 8080,
      publicUrl: 'http://127.0.0.1:8080',
      dataDir: './data',
      sandbox: { port: 8081 },
      bridgeBaseUrl: 'https://api.bridgeapi.io',
      allowHttp: true,
      allowQueryCredentials: false,
      secrets: { bridge: undefined, webhookSecrets: [], masterKeys: [] },
    })
  })

  it('empty and blank variables count as unset', () => {
    const names = Object.keys(environment.shape)
    const empty = Object.fromEntries(names.map((name, index) => [name, index % 2 ? '' : '  ']))

    expect(loadConfig(empty)).toEqual(loadConfig({}))
  })

  it('nothing in the result can be changed', () => {
    const config = loadConfig({})

    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.secrets)).toBe(true)
  })
})

describe('with Bridge credentials', () => {
  it('no sandbox runs and http addresses are refused unless allowed', () => {
    expect(loadConfig(production)).toMatchObject({ sandbox: undefined, allowHttp: false })
    expect(loadConfig({ ...production, ALLOW_HTTP: 'true' })).toMatchObject({ allowHttp: true })
  })

  it('the sandbox finds a port beside the last one too', () => {
    expect(loadConfig({ PORT: '65535' }).sandbox).toEqual({ port: 65534 })
  })

  it('production is production in any case', () => {
    expect(() => loadConfig({ NODE_ENV: 'Production' })).toThrow(/PUBLIC_URL/)
  })

  it('production runs a sandbox only when told so', () => {
    const { BRIDGE_CLIENT_ID: _, BRIDGE_CLIENT_SECRET: __, ...bare } = production

    expect(loadConfig({ ...bare, SANDBOX: 'true' }).sandbox).toEqual({ port: 8081 })
  })
})

it.each([
  ['0.0.0.0', 'http://localhost:8080'],
  ['::', 'http://localhost:8080'],
  ['::1', 'http://[::1]:8080'],
])('listening on %s, the public address outside production is %s', (HOST, publicUrl) => {
  expect(loadConfig({ HOST }).publicUrl).toBe(publicUrl)
})

it('the public address loses its trailing slashes', () => {
  expect(loadConfig({ PUBLIC_URL: 'https://Example.com//' }).publicUrl).toBe('https://example.com')
})

it.each(['production', 'Production', 'development', 'test', '', undefined])(
  'NODE_ENV may be %j',
  (NODE_ENV) => {
    expect(problemsOf({ ...production, NODE_ENV })).toEqual([])
  },
)

it('blanks and line breaks around a value are no part of it', () => {
  const blank = (text: string) => ` ${text}\t\r\n`
  const env = Object.fromEntries(
    Object.entries(production).map(([name, value]) => [name, blank(value)]),
  )

  expect(loadConfig(env)).toEqual(loadConfig(production))
})

describe('proxies', () => {
  const proxyOf = (env: Env) => loadConfig({ ...production, ...env }).secrets.proxy
  const plain = { BRIDGE_BASE_URL: 'http://bridge.test' }

  it('are read in capitals and in small letters, which count more, with a scheme or without', () => {
    const env = {
      HTTPS_PROXY: 'http://big.test',
      https_proxy: 'proxy.test:3128',
      HTTP_PROXY: 'https://me:pw@proxy.test',
      no_proxy: '.internal, 10.0.0.1',
    }

    expect(proxyOf({ ...env, ...plain })).toEqual({
      https: 'http://proxy.test:3128/',
      http: 'https://me:pw@proxy.test/',
      none: '.internal, 10.0.0.1',
    })
  })

  it('that are none stop a start, unless nothing would go by them', () => {
    const socks = { HTTPS_PROXY: 'socks5://me:hunter2@proxy.test', HTTP_PROXY: 'socks5://x' }

    expect(problemsOf({ ...production, HTTP_PROXY: 'socks5://x' })).toEqual([])
    expect(problemsOf(socks)).toEqual([])
    expect(problemsOf({ ...production, ...plain, ...socks })).toEqual([
      'HTTPS_PROXY: must be the http or https address of a proxy',
      'HTTP_PROXY: must be the http or https address of a proxy',
    ])
  })
})

it.each(['ALERT_URL', 'HEALTHCHECK_URL', 'SMTP_URL', 'HTTPS_PROXY'])(
  'a lone percent sign in the login of %s stops a start: whoever used it would fail',
  (name) => {
    const scheme = name === 'SMTP_URL' ? 'smtp' : 'https'
    const problemsWith = (password: string) =>
      problemsOf({
        ...production,
        ...(name === 'SMTP_URL' && { MAIL_FROM: 'reminders@bank.test' }),
        [name]: `${scheme}://me:${password}@there.test`,
      })

    expect(problemsWith('100%25')).toEqual([])
    for (const password of ['100%', '%FF', '%zz']) {
      expect(problemsWith(password)).toEqual([
        `${name}: has a % in its user or password: write it as %25`,
      ])
    }
  },
)

describe('what an orchestrator injects and nothing reads', () => {
  const injected = { SANDBOX_PORT: 'tcp://10.0.0.1:80', SANDBOX_WEBHOOK_URL: 'nowhere' }

  it('does not stop a start', () => {
    expect(loadConfig({ ...production, ...injected })).toEqual(loadConfig(production))
  })

  it('is refused where it is read', () => {
    expect(problemsOf(injected)).toEqual(['SANDBOX_PORT: must be a port, 0 to 65535'])
  })
})

it('a secret file that is not text is named with its line', () => {
  const env = { ...production, MASTER_KEY: undefined, MASTER_KEY_FILE: '/run/key' }
  const problems = (text: string): readonly string[] => {
    try {
      loadConfig(env, () => decodeText(Buffer.from(text, 'latin1')))
    } catch (error) {
      return (error as ConfigError).problems
    }
    return []
  }

  expect(problems(`${key}\n# clé`)[0]).toBe(
    'MASTER_KEY_FILE: line 2 is not UTF-8: save the file as UTF-8',
  )
})

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
  const lines = text.split('\n')
  const isVariable = (line: string) => /^(# )?[A-Z][A-Z_]+=/.test(line)
  const nameOf = (line: string) => line.replace(/^# /, '').split('=', 1)[0] ?? ''

  it('lists exactly the variables we read', () => {
    const listed = lines.filter(isVariable).map(nameOf)

    expect(listed.toSorted()).toEqual(Object.keys(environment.shape).toSorted())
  })

  it('has a comment above each variable', () => {
    const bare = lines.filter((line, index) => {
      const above = lines[index - 1] ?? ''
      return isVariable(line) && (isVariable(above) || !/^# [A-Z]/.test(above))
    })

    expect(bare).toEqual([])
  })

  it('tells the defaults as they are', () => {
    const everything = lines.map((line) => (isVariable(line) ? line.replace(/^# /, '') : line))

    expect(loadConfig(parseEnv(everything.join('\n')))).toEqual(loadConfig({}))
  })

  it('names the file twin of each secret', () => {
    for (const name of secretVariables) expect(text).toContain(`${name}_FILE`)
  })
})

it('one answer holds 20,000 transactions, or what Bridge gives a user in a minute', () => {
  const most = (env: Env) => loadConfig(env).maxTransactions

  expect(most({})).toBe(20_000)
  expect(most({ QUOTA_USER_PER_MINUTE: '20' })).toBe(8_000)
  expect(most({ QUOTA_USER_PER_MINUTE: '1' })).toBe(500)
  expect(most({ QUOTA_BURST: '40', QUOTA_PER_SECOND: '0.2' })).toBe((20 + 9 - 4) * 500)
  expect(most({ QUOTA_USER_PER_MINUTE: '600', MAX_TRANSACTIONS: '200000' })).toBe(200_000)
})

describe('the mail server', () => {
  const from = 'Reminders <reminders@bank.test>'
  const mails = (SMTP_URL?: string, MAIL_FROM?: string) => () => {
    const { mailFrom, secrets } = loadConfig({ SMTP_URL, MAIL_FROM })
    return { mailFrom, smtpUrl: secrets.smtpUrl }
  }

  it.each([
    ['smtp://mail.test', 'reminders@bank.test'],
    ['smtp://user:p%40ss@mail.test:2525', from],
    ['smtps://[::1]', from],
  ])('%s, from %s', (url, sender) => {
    expect(mails(url, sender)()).toEqual({ smtpUrl: url, mailFrom: sender })
  })

  it.each([
    ['https://mail.test', from, /SMTP_URL: must be smtp/],
    ['nowhere', from, /SMTP_URL: must be smtp/],
    ['smtp://mail.test/?pool=true', from, /SMTP_URL: must end with the host or its port/],
    ['smtp://mail.test', 'nobody', /MAIL_FROM: must be an e-mail address/],
    ['smtp://mail.test', 'x\r\nBcc: y <a@b.test>', /MAIL_FROM: must be an e-mail address/],
    ['smtp://mail.test', undefined, /MAIL_FROM: is missing beside SMTP_URL/],
    [undefined, from, /SMTP_URL: is missing beside MAIL_FROM/],
  ])('%s from %s is refused', (url, sender, why) => {
    expect(mails(url, sender)).toThrow(why)
  })
})

it.each([
  ['PORT', '70000', 'a port, 0 to 65535'],
  ['DATABASE_POOL', '1', 'a whole number, 2 to 500'],
  ['DATABASE_POOL', '2.5', 'a whole number, 2 to 500'],
  ['QUOTA_BURST', '1', 'a whole number, 2 or more'],
  ['QUOTA_PER_SECOND', '0', 'a number above 0'],
  ['QUOTA_USER_PER_MINUTE', '0', 'a whole number, 1 or more'],
  ['MAX_TRANSACTIONS', '499', 'a whole number, 500 or more'],
  ['LIMIT_PER_KEY', '-1', 'a whole number, 0 or more'],
  ['LIMIT_PER_ADDRESS', 'none', 'a whole number, 0 or more'],
  ['RETENTION_EVENTS_DAYS', '14', 'a whole number of days, 15 or more'],
  ['BACKUP_HOURS', '745', 'a number of hours, 0 to 744'],
  ['BACKUP_KEEP', '0', 'a whole number, 1 to 1000'],
  ['STOP_DELAY', '601', 'a number of seconds, 0 to 600'],
])('%s=%s is refused with its bounds', (name, value, bounds) => {
  const env = name === 'DATABASE_POOL' ? onServer : {}

  expect(problemsOf({ ...env, [name]: value })).toEqual([`${name}: must be ${bounds}`])
})

it('event bodies cannot be kept for longer than their events', () => {
  expect(problemsOf({ RETENTION_EVENTS_DAYS: '366' })).toEqual([
    'RETENTION_EVENTS_DAYS: is 366, more than RETENTION_AUDIT_DAYS, which is 365',
  ])
  expect(problemsOf({ RETENTION_EVENTS_DAYS: '90', RETENTION_AUDIT_DAYS: '90' })).toEqual([])
})
