import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyName } from '../../../src/backup/folder.ts'
import { loadConfig } from '../../../src/config.ts'
import { examine } from '../../../src/doctor/examine.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import type { Probes } from '../../../src/doctor/probes.ts'
import { anInstallation as anInstallationOnDisk } from '../../support/installation.ts'
import { testFolder } from '../../support/store.ts'
import { aTenant, anAnnouncement, aUser, testRooms } from '../../support/tenants.ts'

export const day = 24 * 60 * 60_000
export const gigabyte = 1024 ** 3
const ext4 = 0xef53
export const nfs = 0x6969
const publicAddress = '93.184.215.14'

let signed: Buffer | undefined

/** A copy that the master key of the installation signed. */
async function aCopy(): Promise<Buffer> {
  signed ??= readFileSync((await anInstallationOnDisk()).copy())
  return signed
}

/** A healthy installation with one site, and a world around it that a test may spoil. */
export async function anInstallation(env: Record<string, string> = {}) {
  const rooms = testRooms()
  const { store, clock } = rooms
  const dataDir = testFolder()
  const config = loadConfig({
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://bank.test',
    BRIDGE_CLIENT_ID: 'id',
    BRIDGE_CLIENT_SECRET: 'secret',
    BRIDGE_WEBHOOK_SECRETS: 'webhook-secret',
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    DATA_DIR: dataDir,
    DEFAULT_USER_EMAIL: 'bank@acme.test',
    ...env,
  })
  mkdirSync(join(dataDir, 'backups'))
  const newest = join(dataDir, 'backups', copyName(clock.now() - day / 2))
  writeFileSync(newest, await aCopy())
  await store.createInstance({ mode: 'x', wrappedPepper: Buffer.alloc(1), dataKeys: [], at: 0 })
  await store.joinMembers({ id: 'srv', host: 'here', pid: 7 }, { at: clock.now(), silentSince: 0 })
  const acme = await aTenant(rooms)
  const user = await aUser(rooms, acme.site)
  await store.acceptEvent(anAnnouncement(rooms, user, { dedupeKey: 'bridge:1' }))
  await store.updateSite(
    acme.site.id,
    { webhookUrl: 'https://erp.acme.test/hook' },
    { actor: 'test', at: clock.now() },
  )

  const world = {
    bridge: 200 as number | Error,
    live: { status: 200, body: '{"status":"live"}' } as { status: number; body: string } | Error,
    drift: 0,
    addresses: [publicAddress] as string[] | Error,
    certificateEnd: clock.now() + 60 * day,
    certificateError: undefined as Error | undefined,
    freeBytes: 50 * gigabyte,
    type: ext4,
    dialled: [] as string[],
    /** Why the mail server does not let us in. */
    mailError: undefined as Error | undefined,
  }
  const probes: Probes = {
    async get(url) {
      const isOurs = url === 'https://bank.test/live'
      const answer = isOurs ? world.live : world.bridge
      if (answer instanceof Error) throw answer
      const date = clock.now() - world.drift
      return isOurs
        ? { ...(world.live as { status: number; body: string }), date }
        : { status: answer as number, body: '', date }
    },
    async greetMailServer() {
      if (world.mailError) throw world.mailError
    },
    async resolve() {
      if (world.addresses instanceof Error) throw world.addresses
      return world.addresses
    },
    async certificateEnd(_host, address) {
      world.dialled.push(address)
      if (world.certificateError) throw world.certificateError
      return world.certificateEnd
    },
    disk: async () => ({ freeBytes: world.freeBytes, type: world.type }),
  }
  const look = (more: { isBrief?: boolean } = {}) =>
    examine({
      ...more,
      config,
      store,
      clock,
      machineClock: clock,
      probes,
      publicUrl: config.publicUrl,
      bridgeOrigin: config.bridgeBaseUrl,
      credentials: { clientId: 'id', clientSecret: 'secret' },
    })
  return { ...rooms, acme, user, config, newest, world, look }
}

/** As a connection that failed says it. */
export const coded = (code: string): Error => Object.assign(new Error('no'), { code })

export const bad = (findings: readonly Finding[]) => findings.filter(({ level }) => level !== 'ok')
