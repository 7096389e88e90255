import { expect, test } from 'vitest'
import { createAlertCheck, type CheckDeps } from '../../../src/alerts/check.ts'
import { createAlertSender } from '../../../src/alerts/sender.ts'
import { problemsIn, type Sight, type Problem } from '../../../src/alerts/problems.ts'
import { loadConfig } from '../../../src/config.ts'
import { StoreDiskError } from '../../../src/db/store-errors.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import { testStore } from '../../support/store.ts'
import { testClock } from '../../support/clock.ts'
import { mailbox } from './mailbox.ts'

const problem = (about: string, message = 'it fails'): Problem => ({
  about,
  message,
  isOfSite: about.startsWith('site '),
})

/** Looks at an installation whose problems a test decides, and reads what came. */
async function watched(env: (host: string) => Record<string, string>, store = testStore()) {
  const box = await mailbox()
  const config = loadConfig(env(box.host))
  const world: Sight = { problems: [], unseen: new Set(), isWhole: true, known: new Set() }
  const logged: string[] = []
  const lookAs = (find: CheckDeps['find']) =>
    createAlertCheck({
      store,
      clock: testClock(),
      find,
      sender: createAlertSender(config),
      where: 'bank.test',
      log: { warn: (event, text) => void logged.push(JSON.stringify(event) + text) },
      stopping: new AbortController().signal,
    })
  const restart = () => lookAs(async () => world)
  let look = restart()
  /** What came of so many looks. */
  const after = async (looks: number, ...problems: Problem[]) => {
    world.problems = problems
    for (let count = 0; count < looks; count += 1) await look()
    return box.take()
  }
  /** What came of one look that did not come to these. */
  const without = async (...unseen: string[]) => {
    world.unseen = new Set(unseen)
    const came = await after(1)
    world.unseen = new Set()
    return came
  }
  return { box, store, after, without, logged, lookAs, restart: () => void (look = restart()) }
}

const alertsTo = (host: string) => ({ ALERT_URL: `http://${host}/message?token=topsecret` })
const titles = (came: { body: string }[]) =>
  came.map(({ body }) => (JSON.parse(body) as { title: string }).title)

test('a problem is told once, in the documented form, when two looks agree, and so is that it is over', async () => {
  const { after, store } = await watched(alertsTo)
  const full = problem('disk space', '12 MB free')

  expect(await after(1, full)).toEqual([])
  const [told, ...more] = await after(3, full)
  const gone = await after(1)
  const over = await after(3)

  expect(more).toEqual([])
  expect(told).toMatchObject({
    path: '/message?token=topsecret',
    headers: { 'content-type': 'application/json' },
  })
  expect(JSON.parse(told!.body)).toEqual({
    title: 'Bank API at bank.test: disk space',
    message: 'disk space: 12 MB free',
    text: 'Bank API at bank.test: disk space\ndisk space: 12 MB free',
  })
  expect(gone).toEqual([])
  expect(titles(over)).toEqual(['Bank API at bank.test: disk space, over'])
  expect(await store.listOpenAlerts()).toEqual([])
})

test('what comes and goes between two looks rouses nobody', async () => {
  const { after } = await watched(alertsTo)

  const came = []
  for (let round = 0; round < 3; round += 1) {
    came.push(...(await after(1, problem('public address'))), ...(await after(1)))
  }

  expect(came).toEqual([])
})

test('a restart tells nothing again, and what was not taken is told by the next look', async () => {
  const { after, box, restart, logged } = await watched(alertsTo)
  box.state.status = 500
  const untaken = await after(2, problem('backup'))
  box.state.status = 200
  const taken = await after(1, problem('backup'))
  restart()

  const again = await after(3, problem('backup'))
  const over = await after(2)

  expect([untaken, taken, again, over].map(({ length }) => length)).toEqual([1, 1, 0, 1])
  expect(logged).toEqual([expect.stringContaining('it answered 500')])
})

test('what a full disk does not let us write down is told once all the same, and written down later', async () => {
  const { after, store, logged } = await watched(alertsTo)
  const { openAlerts } = store
  store.openAlerts = () => Promise.reject(new StoreDiskError('the disk is full'))
  const told = await after(5, problem('disk space'))
  store.openAlerts = openAlerts
  const mended = await after(1, problem('disk space'))

  expect(told).toHaveLength(1)
  expect(logged).toContainEqual(expect.stringContaining('is not written down yet'))
  expect(mended).toEqual([])
  expect(await store.listOpenAlerts()).toMatchObject([{ about: 'disk space' }])
})

test('so is a recovery that cannot be written down; what comes back meanwhile is told anew', async () => {
  const { after, store, restart } = await watched(alertsTo)
  await after(2, problem('disk space'))
  const { closeAlerts } = store
  store.closeAlerts = () => Promise.reject(new StoreDiskError('the disk is full'))
  const over = await after(5)
  const back = await after(4, problem('disk space'))
  const overAgain = await after(5)
  store.closeAlerts = closeAlerts
  const mended = await after(2)
  restart()

  expect(titles(over)).toEqual(['Bank API at bank.test: disk space, over'])
  expect(titles(back)).toEqual(['Bank API at bank.test: disk space'])
  expect(titles(overAgain)).toEqual(['Bank API at bank.test: disk space, over'])
  expect(mended).toEqual([])
  expect(await store.listOpenAlerts()).toEqual([])
  expect(await after(3)).toEqual([])
})

test('many problems are one message, bounded; a disabled endpoint is told though its site failed before', async () => {
  const { after } = await watched(alertsTo)
  const site = problem('site erp (acme)')
  const many = Array.from({ length: 30 }, (_, index) => problem(`site ${index} (acme)`))

  const [first, ...none] = await after(2, site, ...many)
  const disabled = await after(3, { ...site, about: 'site erp (acme): disabled' }, ...many)
  const over = await after(2, ...many)

  expect(none).toEqual([])
  const { title, message } = JSON.parse(first!.body) as { title: string; message: string }
  expect(title).toBe('Bank API at bank.test: 31 problems')
  expect(message.split('\n')).toHaveLength(21)
  expect(message).toMatch(/\nand 11 more: run bank-api doctor$/)
  expect(titles(disabled)).toEqual(['Bank API at bank.test: site erp (acme): disabled'])
  expect(titles(over)).toEqual(['Bank API at bank.test: 2 problems, over'])
})

test('a clock that was off is not over while Bridge, by which it is seen, cannot be reached', async () => {
  const { after } = await watched(alertsTo)
  await after(2, problem('clock'))

  const down = await after(4, problem('bridge credentials'))
  const back = await after(2)

  expect(titles(down)).toEqual(['Bank API at bank.test: bridge credentials'])
  expect(titles(back)).toEqual(['Bank API at bank.test: 2 problems, over'])
})

test('a Bridge that is down is not over while doctor cannot reach it either, and is once neither sees it so', async () => {
  const { box, lookAs } = await watched(alertsTo)
  const bridge = (open: boolean) => ({
    breaker: { open, since: open ? 1 : null, nextTryAt: null, opened: 1 },
    credentials: { refused: false, refusedSince: null, refusals: 0 },
  })
  const world = { findings: [] as Finding[], bridge: bridge(true) }
  const look = lookAs(async () => problemsIn(world.findings, { ...world, copyFailure: undefined }))
  const after = async (change: Partial<typeof world>) => {
    Object.assign(world, change)
    for (let count = 0; count < 4; count += 1) await look()
    return titles(box.take())
  }
  const unreachable: Finding = {
    code: 'bridge.unreachable',
    check: 'bridge credentials',
    level: 'critical',
    message: 'Bridge cannot be reached',
  }

  expect(await after({})).toEqual(['Bank API at bank.test: bridge'])
  expect(await after({ findings: [unreachable] })).toEqual([
    'Bank API at bank.test: bridge credentials',
  ])
  expect(await after({ findings: [] })).toEqual(['Bank API at bank.test: bridge credentials, over'])
  expect(await after({ bridge: bridge(false) })).toEqual(['Bank API at bank.test: bridge, over'])
})

test('what a look did not come to is neither new nor over by it: of that the next look that does is the second', async () => {
  const { after, without } = await watched(alertsTo)
  const site = problem('site erp (acme)')
  const lost = async () => [...(await without(site.about)), ...(await without(site.about))]

  expect([...(await after(1, site)), ...(await lost())]).toEqual([])
  expect(titles(await after(1, site))).toEqual(['Bank API at bank.test: site erp (acme)'])
  expect([...(await lost()), ...(await after(1)), ...(await lost())]).toEqual([])
  expect(titles(await after(1))).toEqual(['Bank API at bank.test: site erp (acme), over'])
  expect([...(await lost()), ...(await after(1, site)), ...(await after(2))]).toEqual([])
})

test('nothing is over by a look of which a part failed', async () => {
  const { after, box, lookAs } = await watched(alertsTo)
  const failed: Finding = {
    code: 'examination.failed',
    check: 'sites',
    level: 'critical',
    message: 'could not be examined: the database is away',
  }
  const known = {
    bridge: {
      breaker: { open: false, since: null, nextTryAt: null, opened: 0 },
      credentials: { refused: false, refusedSince: null, refusals: 0 },
    },
    copyFailure: undefined,
  }
  await after(2, problem('site erp (acme)'))
  const world = { findings: [failed] }
  const look = lookAs(async () => problemsIn(world.findings, known))

  await look()
  await look()
  const told = titles(box.take())
  world.findings = []
  await look()
  await look()

  expect(told).toEqual(['Bank API at bank.test: sites'])
  expect(titles(box.take())).toEqual(['Bank API at bank.test: 2 problems, over'])
})

test.each([
  ['sites', ['bridge', 'bridge credentials', 'backup copy']],
  ['bridge', ['backup copy']],
])('what the server knows by itself is over though the part %s failed', async (check, over) => {
  const { after, box, lookAs } = await watched(alertsTo)
  const failed: Finding = {
    code: 'examination.failed',
    check,
    level: 'critical',
    message: 'could not be examined: the disk fails',
  }
  const known = (is: boolean) => ({
    bridge: {
      breaker: { open: is, since: null, nextTryAt: null, opened: 0 },
      credentials: { refused: is, refusedSince: null, refusals: 0 },
    },
    copyFailure: is ? 'the disk is full' : undefined,
  })
  await after(2, problem(check))
  const world = { is: true }
  const look = lookAs(async () => problemsIn([failed], known(world.is)))
  await look()
  await look()
  box.take()

  world.is = false
  await look()
  await look()

  const [told] = box.take()
  const { title, message } = JSON.parse(told!.body) as { title: string; message: string }
  expect(title).toContain('over')
  for (const about of ['bridge credentials', 'backup copy']) {
    expect(message.includes(about), about).toBe(over.includes(about))
  }
})

test('a site that a look did not come to is told as disabled all the same, and as no more so', async () => {
  const { after, box, lookAs } = await watched(alertsTo)
  const disabled: Finding = {
    code: 'site.disabled',
    check: 'site erp (acme)',
    level: 'critical',
    message: 'its endpoint is disabled',
  }
  const left: Finding = {
    code: 'site.undialled',
    check: 'sites',
    level: 'warning',
    message: '1 of 2 were not asked this time',
    unseen: ['site erp (acme)', 'site crm (acme)'],
  }
  const known = {
    bridge: {
      breaker: { open: false, since: null, nextTryAt: null, opened: 0 },
      credentials: { refused: false, refusedSince: null, refusals: 0 },
    },
    copyFailure: undefined,
  }
  await after(2, problem('site crm (acme)'))
  const world = { findings: [disabled, left] }
  const look = lookAs(async () => problemsIn(world.findings, known))

  await look()
  await look()
  const told = titles(box.take())
  world.findings = [left]
  await look()
  await look()

  expect(told).toEqual(['Bank API at bank.test: site erp (acme): disabled'])
  expect(titles(box.take())).toEqual(['Bank API at bank.test: site erp (acme): disabled, over'])
})

test('ALERT_FORMAT=text sends the text alone, with the login of the address', async () => {
  const { after } = await watched((host) => ({
    ALERT_URL: `http://me:p%40ss@${host}/topic`,
    ALERT_FORMAT: 'text',
  }))

  const [told] = await after(2, problem('clock'))

  expect(told).toMatchObject({
    path: '/topic',
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    },
    body: 'Bank API at bank.test: clock\nclock: it fails',
  })
})

test('a name that others chose makes no line, no link, and calls nobody', async () => {
  const { after } = await watched(alertsTo)

  const [told] = await after(2, problem('site <!channel>\n@all\u202e (acme)'))

  const { text } = JSON.parse(told!.body) as { text: string }
  expect(text).not.toMatch(/[<>@\u202e]/)
  expect(text.split('\n')).toHaveLength(2)
})

test('nor is a name a link or a picture where the chat reads Markdown', async () => {
  const { after } = await watched(alertsTo)

  const [told] = await after(2, problem('site ![seen](https://evil.test/1.png) [log in][1] (acme)'))

  expect((JSON.parse(told!.body) as { text: string }).text).not.toMatch(/\][([]/)
})

test('a healthcheck hears a start and a success; a failure with what it is; of single sites nothing', async () => {
  const { after } = await watched((host) => ({ HEALTHCHECK_URL: `http://${host}/ping/abc?x=1` }))
  const paths = (came: { path: string }[]) => came.map(({ path }) => path)

  expect(paths(await after(1))).toEqual(['/ping/abc/start?x=1', '/ping/abc?x=1'])
  expect(paths(await after(1, problem('disk space')))).toEqual(['/ping/abc/start?x=1'])
  const failed = await after(1, problem('disk space', '12 MB free'))
  expect(paths(failed)).toEqual(['/ping/abc/start?x=1', '/ping/abc/fail?x=1'])
  expect(failed[1]?.body).toBe('disk space: 12 MB free')
  const ofSite = await after(2, problem('site erp (acme)'))
  expect(paths(ofSite).filter((path) => path.includes('fail'))).toEqual([])
})

test('neither a receiver that is away nor its address comes to light', async () => {
  const { after, logged } = await watched(() => ({
    ALERT_URL: 'http://127.0.0.1:1/services/topsecret',
    HEALTHCHECK_URL: 'http://127.0.0.1:1/topsecret',
  }))

  await after(2, problem('clock'))

  expect(logged.join()).toContain('ECONNREFUSED')
  expect(logged.join()).not.toMatch(/topsecret|127\.0\.0\.1/)
})

test('doctor’s FAILs, warnings that nobody else hears of, Bridge that is down or refuses us and a failed copy are problems, each once', () => {
  const critical = { level: 'critical' as const, remedy: 'Do it.' }
  const of = { tenant: 'acme', site: 'erp' }
  const findings: Finding[] = [
    { code: 'clock.ok', check: 'clock', level: 'ok', message: 'agrees' },
    { code: 'backup.none', check: 'backup', level: 'warning', message: 'none' },
    { ...critical, code: 'disk.full', check: 'disk space', message: '1 MB free' },
    {
      ...critical,
      code: 'bridge.credentials_refused',
      check: 'bridge credentials',
      message: 'Bridge refuses them (401)',
    },
    {
      code: 'proxy.untrusted',
      level: 'warning',
      check: 'reverse proxy',
      message: 'passes calls on',
      rouses: true,
    },
    {
      ...critical,
      of,
      code: 'site.disabled',
      check: 'site erp (acme)',
      message: 'its endpoint is disabled',
      remedy: 'Try it again:',
      run: 'bank-api webhook enable erp --tenant acme',
    },
  ]
  const down = { open: true, since: 1, nextTryAt: 2, opened: 1 }
  const refused = { refused: true, refusedSince: 1, refusals: 1 }

  const known = {
    bridge: { breaker: down, credentials: refused },
    copyFailure: 'the disk is full',
  }

  const { problems } = problemsIn(findings, known)

  expect(problems.map(({ about }) => about)).toEqual([
    'disk space',
    'bridge credentials',
    'reverse proxy',
    'site erp (acme): disabled',
    'backup copy',
  ])
  // Before doctor's own call meets it.
  expect(problemsIn([], known).problems.map(({ about }) => about)).toEqual([
    'bridge',
    'bridge credentials',
    'backup copy',
  ])
  const [ofSite, ...more] = problems.filter(({ isOfSite }) => isOfSite)
  expect(more).toEqual([])
  expect(ofSite?.message).toBe(
    'its endpoint is disabled. Try it again: bank-api webhook enable erp --tenant acme',
  )
})
