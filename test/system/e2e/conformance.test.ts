import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { examine, toReport, type Found } from '../../../conformance/examine.ts'
import { openOwnSandbox } from '../../../conformance/own-sandbox.ts'
import { byPerson } from '../../../conformance/person.ts'
import type { Point } from '../../../conformance/point.ts'
import { points } from '../../../conformance/points/index.ts'
import { setSwitches, type SwitchChanges } from '../../../src/sandbox/switches.ts'
import { withTable } from '../../support/markdown.ts'
import { runNode } from '../../support/run-cli.ts'
import { testFolder } from '../../support/store.ts'
import { changesOf, settings } from '../../support/switch-settings.ts'

async function look(changes: SwitchChanges, which: readonly Point[]): Promise<Found[]> {
  const { bridge, close } = await openOwnSandbox(changes)
  onTestFinished(close)
  const found = await examine(bridge, which)
  told.push(toReport(found))
  return found
}
const told: string[] = []

const namesOf = (found: readonly Found[], is: Found['finding']['is']) =>
  found.filter(({ finding }) => finding.is === is).map(({ point }) => point.id)

/** What no program can tell. */
const neverTold = points.filter(({ outOfReach }) => outOfReach).map(({ id }) => id)

test('our own sandbox does by default what is assumed, at every point', async () => {
  const [quick, slow] = [false, true].map((is) =>
    points.filter(({ isSlow = false }) => isSlow === is),
  )
  const found = (await Promise.all([look({}, quick!), look({}, slow!)])).flat()

  expect(namesOf(found, 'different')).toEqual([])
  expect(namesOf(found, 'not testable').toSorted()).toEqual(
    [...neverTold, 'accounts-withheld'].toSorted(),
  )
  expect(found.length).toBeGreaterThan(70)
})

/** A time-out of ten seconds and a millisecond is ten seconds to whoever measures it. */
const measurable = settings.map((setting) =>
  setting.name === 'webhookTimeout' ? { ...setting, value: 500 } : setting,
)

test.for(measurable)('it finds $name: $value', async (setting) => {
  const its = points.filter(({ switches }) => switches?.includes(setting.name))

  const found = await look(changesOf(setting), its)

  expect(namesOf(found, 'different')).not.toEqual([])
})

test('with its companion at its default no setting is found that was not made', async () => {
  const its = points.filter(({ switches }) => switches?.includes('withheldFields'))

  const found = await look({ accountAccess: 'oneWithheld' }, its)

  expect(namesOf(found, 'verified')).toEqual(its.map(({ id }) => id))
})

test('each switch has a point, and each point a name of its own', () => {
  const named = points.flatMap(({ switches = [] }) => switches)

  expect([...new Set(named)].toSorted()).toEqual(Object.keys(setSwitches({})).toSorted())
  expect(new Set(points.map(({ id }) => id)).size).toBe(points.length)
})

test('the guide lists every point and what is assumed: vitest’s -u writes it', async () => {
  const page = readFileSync(new URL('../../../docs/conformance.md', import.meta.url), 'utf8')
  const rows = points.map(({ id, assumed, outOfReach }) => [
    `\`${id}\``,
    assumed,
    outOfReach === undefined ? '' : `no: ${outOfReach}`,
  ])

  const written = withTable(page, [['point', 'assumed', 'can be told'], ...rows])

  await expect(written).toMatchFileSnapshot('../../../docs/conformance.md')
})

test('without a person, and without time, it says what it cannot tell', async () => {
  const { bridge, close } = await openOwnSandbox()
  onTestFinished(close)
  const person = byPerson({ input: process.stdin, output: process.stderr, patienceMs: 0 })
  Object.assign(process.stdin, { isTTY: false })

  const alone = { ...bridge, ...person }
  const found = await examine(
    alone,
    points.filter(({ id }) => id === 'link-life'),
  )

  expect(found).toMatchObject([
    { finding: { is: 'not testable', why: 'takes 30 m: give --patience' } },
  ])
  await expect(person.visit('https://connect.test/a', 'success')).rejects.toThrow(
    'nobody is there to open links',
  )
})

test('a person is shown the link and the login, and asked where the visit ended', async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = new PassThrough()
  const { visit, serves } = byPerson({ input, output, patienceMs: 0 })
  const answered = async <T>(asking: Promise<T>, answer: string): Promise<[string, T]> => {
    const [asked] = (await once(output, 'data')) as [Buffer]
    input.write(`${answer}\n`)
    return [asked.toString(), await asking]
  }

  const [asked, back] = await answered(
    visit('https://connect.test/a', '402'),
    'https://erp.test/back?success=false',
  )
  const [, stillServes] = await answered(serves('https://connect.test/a'), 'n')

  expect(asked).toContain('\nhttps://connect.test/a\nLog in as 402: leave the page once')
  expect(back.searchParams.get('success')).toBe('false')
  expect(stillServes).toBe(false)
})

test('what a point meets that it did not expect is told without what was answered', async () => {
  const { bridge, close } = await openOwnSandbox()
  onTestFinished(close)
  const strange: Point[] = [
    {
      id: 'gone',
      assumed: 'It is there.',
      async check({ connected, get }) {
        const { id, user } = await connected()
        await get(user, `/v3/aggregation/items/${id}9?after=MTIz`)
        return undefined
      },
    },
    {
      id: 'odd',
      assumed: 'It is understood.',
      check: () => Promise.reject(new TypeError('FR3312739000309854725191G90 is no number')),
    },
  ]

  const found = await examine(bridge, strange)

  expect(found.map(({ finding }) => finding)).toEqual([
    { is: 'not testable', why: '/v3/aggregation/items/{id} is answered 404' },
    { is: 'not testable', why: 'the answer was not understood (TypeError)' },
  ])
})

test('as a program it prints the report, and without credentials what is missing', async () => {
  const main = join(import.meta.dirname, '../../../conformance/main.ts')
  const run = (env: Record<string, string>, ...args: string[]) =>
    runNode(process.execPath, [main, ...args], { cwd: testFolder(), env })

  const own = await run({}, '--sandbox', '--only', 'last-page', 'webhook-https')
  const nobody = await run({})
  const deaf = await run({ BRIDGE_CLIENT_ID: 'a', BRIDGE_CLIENT_SECRET: 'b' }, '--listen', '0')

  expect(own.code).toBe(0)
  expect(own.out).toContain('\n1 verified, 0 different, 1 not testable.\n')
  expect(own.out).toMatch(/\n\| last-page \| .* \| verified \|\n/)
  expect(nobody).toMatchObject({
    code: 1,
    out: '',
    err: 'Set BRIDGE_CLIENT_ID and BRIDGE_CLIENT_SECRET, of a sandbox application.\n',
  })
  expect(deaf).toMatchObject({ code: 1, err: expect.stringMatching(/^Set BRIDGE_WEBHOOK_SECRETS/) })
})

afterAll(() => {
  const all = told.join('\n')
  // No id, token, uuid, address, IBAN or credential of anybody.
  expect(all).not.toMatch(/\d{6,}|@|[0-9a-f]{8}-|[A-Z]{2}\d{2}[A-Z0-9]{5}|of-no-account/)
})
