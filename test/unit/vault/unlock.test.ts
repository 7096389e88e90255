import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { http } from 'msw'
import { describe, expect, it } from 'vitest'
import { pinApplication, unlockInstance } from '../../../src/vault/unlock.ts'
import { ConfigError, loadConfig } from '../../../src/config.ts'
import { testApp } from '../../support/app.ts'
import { bridgeProblem } from '../../support/bridge.ts'
import { testClock } from '../../support/clock.ts'
import { testFolder, testStore } from '../../support/store.ts'

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')

const bridge = (env: Record<string, string> = {}) =>
  loadConfig({
    BRIDGE_CLIENT_ID: 'client',
    BRIDGE_CLIENT_SECRET: 'secret',
    MASTER_KEY: keyOf(1),
    ...env,
  })

const sandbox = (env: Record<string, string> = {}) => loadConfig({ MASTER_KEY: keyOf(1), ...env })

const clock = testClock()

describe('a new database', () => {
  it('gets keys of its own, which the same master key opens again', async () => {
    const store = testStore()

    const made = await unlockInstance(store, { config: bridge(), clock })
    const again = await unlockInstance(store, { config: bridge(), clock })

    expect(again.open(made.seal('secret', 'row'), 'row').toString()).toBe('secret')
    expect(again.hash('p', 'x')).toEqual(made.hash('p', 'x'))
  })

  it('has other keys than any other database', async () => {
    const [one, two] = await Promise.all(
      [testStore(), testStore()].map((store) => unlockInstance(store, { config: bridge(), clock })),
    )

    expect(one?.hash('p', 'x')).not.toEqual(two?.hash('p', 'x'))
    expect(() => two?.open(one?.seal('x', 'row') ?? Buffer.alloc(0), 'row')).toThrow()
  })

  it('unlocked by two processes at once has one set of keys', async () => {
    const path = join(testFolder(), 'bank-api.sqlite')
    const stores = [testStore(path), testStore(path)]

    const [one, two] = await Promise.all(
      stores.map((store) => unlockInstance(store, { config: bridge(), clock })),
    )

    expect(one?.hash('p', 'x')).toEqual(two?.hash('p', 'x'))
    expect(two?.open(one?.seal('x', 'row') ?? Buffer.alloc(0), 'row').toString()).toBe('x')
  })

  it('holds no key in the clear', async () => {
    const store = testStore()
    await unlockInstance(store, { config: bridge(), clock })

    const instance = await store.readInstance()

    // Key id, iv and tag stand around 32 sealed bytes.
    expect(instance?.wrappedPepper).toHaveLength(1 + 'main'.length + 12 + 16 + 32)
    expect(instance?.dataKeys).toMatchObject([{ id: 'd1' }])
    expect(JSON.stringify(instance)).not.toContain('client')
  })
})

describe('an existing database is refused, by the name of the variable', () => {
  it('with another master key', async () => {
    const store = testStore()
    await unlockInstance(store, { config: bridge(), clock })

    const wrong = unlockInstance(store, { config: bridge({ MASTER_KEY: keyOf(9) }), clock })

    await expect(wrong).rejects.toThrow(ConfigError)
    await expect(wrong).rejects.toThrow('MASTER_KEY: is not the one')
  })

  it.each([
    ['without credentials', bridge(), sandbox(), 'DATA_DIR: holds a Bridge installation'],
    ['with credentials, being a sandbox', sandbox(), bridge(), 'DATA_DIR: holds a sandbox'],
    [
      'with another Bridge application than the one that Bridge took',
      bridge(),
      bridge({ BRIDGE_CLIENT_ID: 'other' }),
      'BRIDGE_CLIENT_ID: is not the application',
    ],
  ])('%s', async (_name, made, asked, problem) => {
    const store = testStore()
    await unlockInstance(store, { config: made, clock })
    await pinApplication(store, made)

    const opening = unlockInstance(store, { config: asked, clock })

    await expect(opening).rejects.toThrow(ConfigError)
    await expect(opening).rejects.toThrow(problem)
  })

  it('a client id that Bridge never took does not own it; a sandbox’s has none', async () => {
    const store = testStore()
    await unlockInstance(store, { config: bridge({ BRIDGE_CLIENT_ID: 'mistyped' }), clock })

    await unlockInstance(store, { config: bridge(), clock })
    await pinApplication(store, bridge())
    await pinApplication(store, bridge({ BRIDGE_CLIENT_ID: 'other' }))

    await unlockInstance(store, { config: bridge(), clock })
  })

  it('a new Bridge secret of the same application is no reason', async () => {
    const store = testStore()
    await unlockInstance(store, { config: bridge(), clock })

    await unlockInstance(store, { config: bridge({ BRIDGE_CLIENT_SECRET: 'new' }), clock })
  })

  it('a new master key in front of the old one opens it', async () => {
    const store = testStore()
    const before = await unlockInstance(store, {
      config: bridge({ MASTER_KEY: `a:${keyOf(1)}` }),
      clock,
    })

    const config = bridge({ MASTER_KEY: `b:${keyOf(2)},a:${keyOf(1)}` })
    const after = await unlockInstance(store, { config, clock })

    expect(after.hash('p', 'x')).toEqual(before.hash('p', 'x'))
  })
})

describe('a sandbox without a master key', () => {
  const bare = (dataDir: string) => loadConfig({ DATA_DIR: dataDir })

  it('makes its own, for its owner alone, and keeps to it', async () => {
    const folder = testFolder()
    const store = testStore()

    const made = await unlockInstance(store, { config: bare(folder), clock })
    const file = join(folder, 'sandbox-master.key')
    const text = readFileSync(file, 'utf8')
    const again = await unlockInstance(store, { config: bare(folder), clock })

    expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    expect(Buffer.from(text, 'base64')).toHaveLength(32)
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(again.hash('p', 'x')).toEqual(made.hash('p', 'x'))
  })

  it('names the file when it holds no key', async () => {
    const folder = testFolder()
    writeFileSync(join(folder, 'sandbox-master.key'), '')

    const opening = unlockInstance(testStore(), { config: bare(folder), clock })

    await expect(opening).rejects.toThrow(ConfigError)
    await expect(opening).rejects.toThrow('sandbox-master.key holds no key')
  })
})

it('the server binds a database to the application when Bridge first takes its credentials', async () => {
  const { app, bridge: double } = await testApp()
  const modeNow = async () => (await app.store.readInstance())?.mode
  const refuse = http.get('*/categories', () => bridgeProblem(401), { once: true })
  double.use(refuse)

  await app.bridge.probe().catch(() => {})
  const refused = await modeNow()
  await app.bridge.probe()

  expect(refused).toBe('bridge')
  await expect.poll(modeNow).toMatch(/^bridge:[0-9a-f]{32}$/)
})
