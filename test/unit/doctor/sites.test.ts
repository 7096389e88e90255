import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EndpointReport } from '../../../src/db/ports/endpoints.ts'
import type { Examination } from '../../../src/doctor/examination.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import { checkSites } from '../../../src/doctor/sites.ts'
import { day } from './installation.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Sites whose names end with `.mute` never answer. */
const sitesOf = (tenant: string, count: number, domain = `${tenant}.test`): EndpointReport[] =>
  Array.from({ length: count }, (_, n) => ({
    site: {
      id: `${tenant}${n}`,
      name: `s${n}`,
      tenantId: tenant,
      tenant,
      webhookUrl: `https://s${n}.${domain}/hook`,
    },
    health: { failingSince: null, disabledAt: null, disabledReason: null },
    allowedTargets: [],
  }))

/** An examination of such sites alone, and which of them were dialled. */
function examining(reports: EndpointReport[], more: Partial<Examination> = {}) {
  const clock = { now: () => 0 }
  const dialled: string[] = []
  const probes = {
    resolve: async () => ['93.184.215.14'],
    certificateEnd: async (host: string) => {
      dialled.push(host)
      return host.endsWith('.mute') ? new Promise<number>(() => {}) : 60 * day
    },
  }
  const store = { listEndpoints: async () => [...reports], lastDeliveries: async () => new Map() }
  const examination = { store, clock, probes, config: {}, ...more } as unknown as Examination
  return { dialled, look: () => checkSites(examination) }
}

/** What comes of work within so many seconds; undefined: nothing yet. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T | undefined> {
  let result: T | undefined
  void work.then((its) => void (result = its))
  await vi.advanceTimersByTimeAsync(seconds * 1_000)
  return result
}

const found = (findings: Finding[] | undefined, code: string) =>
  findings?.filter((finding) => finding.code === code) ?? []

test('a server’s own look is through the sites within 25 seconds, however many do not answer', async () => {
  const { look } = examining(sitesOf('big', 500, 'mute'), { isBrief: true, turns: new Set() })

  const findings = await within(25, look())

  const mute = found(findings, 'site.no_tls')
  expect(mute[0]).toMatchObject({
    check: 'site s0 (big)',
    message: 'no trusted TLS connection: no answer in time',
  })
  const [undialled, ...none] = found(findings, 'site.undialled')
  expect(undialled).toMatchObject({ level: 'warning', check: 'sites' })
  expect(undialled?.rouses).toBeUndefined()
  expect(undialled?.unseen).toHaveLength(500 - mute.length)
  expect(undialled?.unseen).toContain('site s499 (big)')
  expect(none).toEqual([])
})

test('sites of one tenant that do not answer leave those of the others their turn', async () => {
  const reports = [...sitesOf('big', 500, 'mute'), ...sitesOf('acme', 200), ...sitesOf('zeta', 3)]
  const { look } = examining(reports, { isBrief: true, turns: new Set() })

  const findings = await within(25, look())

  expect(found(findings, 'site.ok')).toHaveLength(203)
})

test('look by look every site has its turn, and by then no site two', async () => {
  const turns = new Set<string>()
  const reports = [...sitesOf('big', 100, 'mute'), ...sitesOf('acme', 1)]
  const { dialled, look } = examining(reports, { isBrief: true, turns })
  const mute = () => dialled.filter((host) => host.endsWith('.mute'))

  let looks = 0
  while (mute().length < 100 && looks < 20) {
    looks += 1
    expect(await within(25, look())).toBeDefined()
  }

  expect(looks).toBeGreaterThan(1)
  expect(new Set(mute().slice(0, 100)).size).toBe(100)
  expect(dialled.filter((host) => host === 's0.acme.test')).toHaveLength(looks)
})

test('a site that is gone is forgotten', async () => {
  const turns = new Set<string>()
  const reports = sitesOf('acme', 3)
  const { look } = examining(reports, { isBrief: true, turns })
  await look()

  reports.pop()
  await look()

  expect([...turns]).toEqual(['acme0', 'acme1'])
})

test('what the tables say of a site is told before its turn comes', async () => {
  const reports = sitesOf('big', 500, 'mute')
  reports[498]!.health.failingSince = 1
  reports[499]!.health.disabledAt = 1
  const { dialled, look } = examining(reports, { isBrief: true, turns: new Set() })

  const findings = await within(25, look())

  expect(dialled).not.toContain('s498.mute')
  expect(found(findings, 'site.failing')).toMatchObject([{ check: 'site s498 (big)' }])
  expect(found(findings, 'site.disabled')).toMatchObject([{ check: 'site s499 (big)' }])
})

test('doctor by hand looks at every site', async () => {
  const { dialled, look } = examining(sitesOf('big', 500, 'mute'))

  const findings = await within(600, look())

  expect(found(findings, 'site.no_tls')).toHaveLength(500)
  expect(new Set(dialled).size).toBe(500)
  expect(found(findings, 'site.undialled')).toEqual([])
})

test('names are looked up for their tenant: what one takes of the time keeps no other waiting', async () => {
  const looked = new Set<string>()
  const resolve = (...its: unknown[]) => {
    looked.add(its.join(' for '))
    return Promise.reject(new Error('no name'))
  }
  const probes = { resolve } as unknown as Examination['probes']
  const { look } = examining([...sitesOf('acme', 1), ...sitesOf('other', 1)], { probes })

  await within(25, look())

  expect(looked).toEqual(new Set(['s0.acme.test for acme', 's0.other.test for other']))
})

test('a name that nobody answers for is told as one', async () => {
  const { look } = examining(sitesOf('acme', 1), {
    probes: { resolve: () => new Promise(() => {}) } as unknown as Examination['probes'],
  })

  expect(await within(25, look())).toMatchObject([
    { code: 'site.no_address', message: 's0.acme.test does not resolve: no answer in time' },
  ])
})
