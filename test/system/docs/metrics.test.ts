import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { dataDirectory, startGateway, type Finishing } from '../../support/gateway.ts'
import { aTenantWithKeys, sendWebhooksTo } from '../../support/operator.ts'
import { openSite } from '../../support/receiving-site.ts'
import { table } from '../../support/markdown.ts'
import { siteClient, visitBank } from '../e2e/visit.ts'
import { dashboard, expressionsOf } from './dashboard.ts'
import { exposedIn, unknownIn, type Exposed } from './promql.ts'

const read = (page: string): string =>
  readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8')

const ends: Parameters<Finishing>[0][] = []
const whenDone: Finishing = (work) => void ends.unshift(work)
let exposed: Exposed
/** Ours, in the order in which they are shown. */
let described: Map<string, { type: string; help: string }>

/** A server that has done a little of everything, as Prometheus sees it. */
beforeAll(async () => {
  const receiver = await openSite(whenDone)
  const token = 'token-of-the-operator'
  const env = { ...dataDirectory(whenDone), METRICS_TOKEN: token, BACKUP_HOURS: '24' }
  const gateway = await startGateway(env, whenDone)
  const { siteKey } = await aTenantWithKeys(gateway.env, { site: 'erp' })
  await sendWebhooksTo(gateway.env, 'erp', receiver.webhookUrl)
  const ask = siteClient(gateway.url, siteKey)
  const link = { base_url: receiver.origin, redirect_url: '/app/bank', user: 'ada@acme.test' }
  const { url } = await ask('get_bridge_connect_link', link)
  await visitBank(url)
  await receiver.hears('connect.completed')
  const headers = { authorization: `Bearer ${token}` }
  const text = await (await fetch(`${gateway.url}/metrics`, { headers })).text()
  exposed = exposedIn(text)
  described = new Map(
    [...text.matchAll(/^# HELP (bank_api_\w+) (.*)\n# TYPE \w+ (\w+)$/gm)].map(
      ([, name = '', help = '', type = '']) => [name, { type, help }],
    ),
  )
})
afterAll(async () => {
  for (const end of ends) await end()
})

const rules = (
  parse(read('alerts.yml')) as { groups: { rules: { alert: string; expr: string }[] }[] }
).groups.flatMap((group) => group.rules)

test.each(rules)('what $alert reads is there, with its labels', ({ expr }) => {
  expect(unknownIn(expr, exposed)).toEqual([])
})

test.each(expressionsOf(dashboard))(
  'what the dashboard reads is there, with its labels: %s',
  (expr) => {
    expect(unknownIn(expr, exposed)).toEqual([])
  },
)

test('what several instances say of one database is taken once', () => {
  const ofAll = [...described].filter(([, { help }]) => help.startsWith('of all:'))
  const names = ofAll.map(([name]) => name).join('|')
  const aggregated = new RegExp(String.raw`(.{0,40})\b(?:${names})\b`, 'g')
  const before = [...rules.map(({ expr }) => expr), ...expressionsOf(dashboard)].flatMap((expr) =>
    [...expr.matchAll(aggregated)].map(([, words = '']) => words),
  )

  expect(ofAll.length).toBeGreaterThan(8)
  expect(before.length).toBeGreaterThan(15)
  for (const words of before) expect(words).toMatch(/\bmax ?(by \([^)]*\) ?)?\($/)
})

test('what is not there would be noticed', () => {
  const unknown = (expression: string) => unknownIn(expression, exposed)

  expect(unknown('max(bank_api_nothing) > 1')).toEqual(['bank_api_nothing'])
  expect(unknown('bank_api_endpoints{state="tired"}')).toEqual([
    'bank_api_endpoints{state="tired"}',
  ])
  expect(unknown('bank_api_endpoints{site=~".*"}')).toEqual(['bank_api_endpoints{site=".*"}'])
  expect(unknown('sum by (job, site) (bank_api_endpoints)')).toEqual(['by (site)'])
  expect(unknown('rate(bank_api_rpc_duration_seconds[5m])')).toHaveLength(1)
})

// Renewed by `npx vitest run --config test/vitest.config.ts test/system/docs/metrics.test.ts -u`.
test('docs/metrics.md has every metric with its labels', async () => {
  const rows = [...described].map(([name, { type, help }]) => {
    const shown = exposed.get(type === 'histogram' ? `${name}_count` : name)?.keys() ?? []
    const labels = [...shown].map((label) => `\`${label}\``).join(', ')
    return [`\`${name}\``, type, labels, help.replace(/^of all:/, '_of all:_')]
  })

  const page = `# Metrics

What \`/metrics\` shows: [watching.md](watching.md#metrics) says how Prometheus comes to it, [alerts.yml](alerts.yml) has rules for
it. Besides these there are \`process_…\` and \`nodejs_…\`, as of every Node program. No metric has a label that a stranger can
write, or a tenant's name.

Each instance shows its own: add them up, or look at each. What is _of all_ is counted in the database and the same on each
instance, so take its \`max\`. An instance that lost the database leaves that out and shows \`bank_api_ready 0\`.

${table([['metric', 'kind', 'labels', 'is'], ...rows])}
`

  expect(rows.length).toBeGreaterThan(25)
  await expect(page).toMatchFileSnapshot('../../../docs/metrics.md')
})

test('labels come from lists that do not grow: no id, no name of a tenant, no path as it was called', () => {
  const values = [...exposed.values()].flatMap((labels) =>
    [...labels.values()].flatMap((of) => [...of]),
  )

  expect(values).toContain('/v3/aggregation/items/{id}')
  expect(values.filter((value) => /acme|erp\b|\d{4,}|_[a-z0-9]{20}/.test(value))).toEqual([])
})
