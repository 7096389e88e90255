import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { minuteMs, stage, type Staged } from './staged.ts'

const hours = 60 * minuteMs

interface Fault {
  name: string
  daysAgo?: number
  /** Makes it happen; gives the command that is to find it. */
  happen(staged: Staged): Promise<string[]>
  /** What the operator is told; or, of what is its users' to mend, the webhook that the site gets. */
  told: RegExp | { site: string }
  cause: RegExp
  remedy: RegExp
}

/** What Bridge answers to everything from now on. */
const everything = (fault: object): object => ({ path: '/v3', count: 1_000, ...fault })

const faults: Fault[] = [
  {
    name: 'revoked key',
    async happen({ ask, acme, call }) {
      await ask('key', 'revoke', acme.siteKey.apiKey, '--yes')
      expect((await call('get_bank_accounts', { item_id: 1 })).status).toBe(401)
      return ['explain', acme.siteKey.apiKey]
    },
    told: /key of erp \(acme\): key_\w+ is revoked/,
    cause: /The key of erp was revoked .* Since then 1 call has been refused/,
    remedy: /bank-api key create --tenant acme --site erp/,
  },
  {
    name: 'moved site',
    async happen({ call, order }) {
      const moved = { ...order, base_url: 'https://new.acme.test' }
      const { status } = await call('get_bridge_connect_link', moved)
      expect(status).toBe(417)
      return ['doctor']
    },
    told: /site erp \(acme\) address: it named an address that is not its own/,
    cause: /site erp \(acme\) address: it named an address that is not its own/,
    remedy: /If it has moved, say where it is now with `bank-api site update --origin`/,
  },
  {
    name: 'expired consent',
    daysAgo: 181,
    async happen({ clock, lever, itemId }) {
      clock.advance(181 * 24 * hours)
      await lever('clock', { advance: 0 })
      return ['explain', String(itemId)]
    },
    told: { site: 'item.action_required' },
    cause: /has no consent any more: it ended/,
    remedy: /get_sca_authentication_link/,
  },
  {
    name: 'dead endpoint',
    async happen({ site, lever, itemId, app }) {
      site.manners = () => 'cut'
      await lever(`items/${itemId}/refresh`)
      await expect
        .poll(async () => (await app.store.listEndpoints())[0]?.health.failingSince)
        .toBeTruthy()
      return ['webhook', 'test', 'erp', '--tenant', 'acme']
    },
    told: /site erp \(acme\): deliveries fail since/,
    cause: /ECONNRESET|other side closed|UND_ERR_SOCKET/,
    remedy: /The connection was closed without an answer: a firewall, or a server that crashed/,
  },
  {
    name: 'wrong proxy',
    async happen({ call }) {
      await call('get_single_bank', { bank_id: 574 }, { 'x-forwarded-for': '93.184.215.14' })
      return ['doctor']
    },
    told: /reverse proxy: 127\.0\.0\.1 passes calls on/,
    cause: /reverse proxy: 127\.0\.0\.1 passes calls on, and is none of TRUSTED_PROXIES/,
    remedy: /set TRUSTED_PROXIES=127\.0\.0\.1/,
  },
  {
    name: 'quota spent',
    async happen({ lever, call, itemId }) {
      await lever('quotas', { on: true, limits: { app: 0 } })
      expect((await call('get_bank_accounts', { item_id: itemId })).status).toBe(429)
      return ['doctor']
    },
    told: /bridge's quota: was spent/,
    cause: /bridge's quota: was spent: 1 call was refused within an hour/,
    remedy: /`bank-api quota`.* bank-api call list --status 429/,
  },
  {
    name: 'Bridge down',
    async happen({ lever }) {
      await lever('faults', everything({ cut: true }))
      return ['doctor']
    },
    told: /bridge credentials: Bridge cannot be reached/,
    cause: /Bridge cannot be reached at http/,
    remedy: /Check the network, DNS, the firewall and HTTPS_PROXY/,
  },
  {
    name: 'clock off',
    async happen({ bridgeClock }) {
      bridgeClock.advance(hours)
      return ['doctor']
    },
    told: /clock: 3\d{3} s behind Bridge's/,
    cause: /clock: 3\d{3} s behind Bridge's/,
    remedy: /timedatectl set-ntp true/,
  },
  {
    name: 'credentials refused',
    async happen({ lever }) {
      await lever('faults', everything({ status: 401 }))
      return ['doctor']
    },
    told: /bridge credentials: Bridge refuses them \(401\)/,
    cause: /bridge credentials: Bridge refuses them \(401\)/,
    remedy: /Compare BRIDGE_CLIENT_ID and BRIDGE_CLIENT_SECRET/,
  },
  {
    name: 'webhook secret rotated',
    async happen({ bridge, lever, itemId, app }) {
      bridge.secret = 'another-secret'
      await lever(`items/${itemId}/refresh`)
      await expect
        .poll(async () => {
          await app.refusedWebhooks.look()
          await app.auditCounter.flush()
          return (await app.store.listAudit({ action: 'webhook.refused', limit: 9 })).length
        })
        .toBe(2)
      return ['doctor']
    },
    told: /bridge webhooks: those of Bridge are refused since/,
    cause: /those of Bridge are refused since .*: it signs with another secret/,
    remedy: /Set BRIDGE_WEBHOOK_SECRETS to the secret in Bridge's dashboard/,
  },
  {
    name: 'item deleted at Bridge',
    async happen({ deleteAtBridge, itemId }) {
      await deleteAtBridge()
      return ['explain', String(itemId)]
    },
    told: { site: 'item.deleted' },
    cause: /Item \d+ .*of ada@acme\.test on erp went at Bridge/,
    remedy: /get_bridge_connect_link/,
  },
]

const guide = readFileSync(new URL('../../../docs/watching.md', import.meta.url), 'utf8')

test('the guide has a row for each, in the same words, and who is told', () => {
  const [, section = ''] = guide.split('### Twelve faults')
  const [table = ''] = section.split('\n\n').filter((part) => part.startsWith('|'))
  const [, , ...rows] = table.split('\n')

  const named = rows.map((row) => {
    const [, fault = '', who = ''] = row.split('|').map((cell) => cell.trim())
    return [fault.toLowerCase(), who]
  })
  expect(named).toHaveLength(12)
  expect(new Map(named as [string, string][])).toEqual(
    new Map([
      ...faults.map(({ name, told }): [string, string] => [
        name.toLowerCase(),
        told instanceof RegExp ? 'you' : 'the site',
      ]),
      ['disk full', 'you'],
    ]),
  )
})

test('an installation that is well rouses nobody', async () => {
  const staged = await stage()

  expect(await staged.fiveMinutes()).toEqual([])
})

test.each(faults)(
  '$name: who can mend it is told within five minutes, and one command says why and what to do',
  async ({ daysAgo, happen, told, cause, remedy }) => {
    const staged = await stage(daysAgo === undefined ? {} : { daysAgo })
    const command = await happen(staged)

    if (told instanceof RegExp) expect((await staged.fiveMinutes()).join('\n')).toMatch(told)
    else {
      const happened = staged.clock.now()
      await staged.site.hears(told.site)
      expect(staged.clock.now() - happened).toBeLessThan(5 * minuteMs)
    }
    let said = ''
    // The log of calls is stored within a second.
    const ask = async () => (said = await staged.ask(...command))

    await expect.poll(ask).toMatch(cause)
    expect(said).toMatch(remedy)
  },
)

/** A disk that fills up; undefined where we may not make one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-disk-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  return folder
}

test('disk full: one is told once, within five minutes, though nothing can be written down, and one command says it', async (context) => {
  const disk = smallDisk()
  context.skip(disk === undefined, 'no disk of our own can be mounted here')
  if (disk === undefined) return
  const staged = await stage({ folder: join(disk, 'installation') })
  const ballast = join(disk, 'ballast')
  onTestFinished(() => rmSync(ballast))
  execFileSync('sh', ['-c', `cat /dev/zero > ${ballast} 2>/dev/null || true`])

  const first = await staged.fiveMinutes()
  const later = await staged.fiveMinutes()
  const said = await staged.ask('doctor')

  expect(first.join('\n')).toMatch(/disk space: 0 MB free\. Make room/)
  expect(later).toEqual([])
  expect(said).toMatch(/FAIL disk space: 0 MB free Make room, or move DATA_DIR to a larger disk/)
})
