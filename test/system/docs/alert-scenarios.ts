/** A series' values: one that stays, or `{ perMinute }` of a counter; null: the series is not there. */
type Values = number | string | { perMinute: number } | null
type Series = Record<string, Values>

interface Scenario {
  title: string
  /** What differs from an installation that is well; `alone`: there is nothing else. */
  series: Series
  alone?: true
  /** When it is looked at, in minutes. */
  minute: number
  /** All that fires then, with its job where it is another than `bank-api`. */
  firing: string[]
}

/** What one instance shows of 300 sites and 1,000 bank connections that are well. */
const well: Series = {
  up: 1,
  bank_api_ready: 1,
  bank_api_members: 1,
  bank_api_leader: 1,
  bank_api_bridge_up: 1,
  bank_api_bridge_quota_remaining: 380,
  bank_api_bridge_quota_limit: 400,
  bank_api_delivery_queue_age_seconds: 1,
  bank_api_endpoint_failing_seconds: 0,
  bank_api_events_unhandled: 2,
  'bank_api_endpoints{state="healthy"}': 300,
  'bank_api_endpoints{state="failing"}': 0,
  'bank_api_endpoints{state="disabled"}': 0,
  'bank_api_consents{days_left="expired"}': 50,
  'bank_api_consents{days_left="30+"}': 950,
  bank_api_items: 1_000,
  bank_api_database_size_bytes: 100e6,
  bank_api_disk_free_bytes: 10e9,
  bank_api_backup_last_timestamp_seconds: { perMinute: 60 },
  nodejs_eventloop_lag_p99_seconds: 0.02,
  'bank_api_rpc_requests_total{outcome="ok"}': { perMinute: 30 },
  'bank_api_rpc_requests_total{outcome="InternalError"}': 0,
  'bank_api_rpc_duration_seconds_bucket{le="1"}': { perMinute: 29 },
  'bank_api_rpc_duration_seconds_bucket{le="10"}': { perMinute: 30 },
  'bank_api_rpc_duration_seconds_bucket{le="25"}': { perMinute: 30 },
  'bank_api_rpc_duration_seconds_bucket{le="+Inf"}': { perMinute: 30 },
  bank_api_rpc_duration_seconds_count: { perMinute: 30 },
  'bank_api_bridge_requests_total{status="200"}': { perMinute: 40 },
  'bank_api_bridge_requests_total{status="503"}': { perMinute: 1 },
  'bank_api_webhooks_received_total{outcome="new"}': { perMinute: 10 },
  'bank_api_webhooks_received_total{outcome="refused"}': 0,
}

/** The same of another of several instances: what is of the database is said by all. */
const wellAt = (instance: string, own: Series = {}): Series =>
  at(`instance="${instance}"`, { ...well, bank_api_leader: 0, ...own })

const at = (labels: string, series: Series): Series =>
  Object.fromEntries(
    Object.entries(series).map(([name, values]) => {
      const [, bare = '', own = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(name) ?? []
      return [`${bare}{${own === '' ? '' : `${own},`}${labels}}`, values]
    }),
  )

const night: Series = {
  'bank_api_rpc_requests_total{outcome="ok"}': 0,
  'bank_api_bridge_requests_total{status="200"}': 0,
  'bank_api_bridge_requests_total{status="503"}': 0,
  'bank_api_webhooks_received_total{outcome="new"}': 100,
}
const noWebhookYet: Series = { 'bank_api_webhooks_received_total{outcome="new"}': 0 }
const calls = (fast: number, all: number, inTime = fast): Series => ({
  'bank_api_rpc_duration_seconds_bucket{le="1"}': { perMinute: fast },
  'bank_api_rpc_duration_seconds_bucket{le="10"}': { perMinute: inTime },
  'bank_api_rpc_duration_seconds_bucket{le="25"}': { perMinute: all },
  'bank_api_rpc_duration_seconds_bucket{le="+Inf"}': { perMinute: all },
  bank_api_rpc_duration_seconds_count: { perMinute: all },
})
const endpoints = (healthy: number, failing: number, disabled = 0): Series => ({
  'bank_api_endpoints{state="healthy"}': healthy,
  'bank_api_endpoints{state="failing"}': failing,
  'bank_api_endpoints{state="disabled"}': disabled,
})
const deadFor = (seconds: number): Series => ({ bank_api_endpoint_failing_seconds: seconds })
const consents = (ended: number): Series => ({
  'bank_api_consents{days_left="expired"}': ended,
  'bank_api_consents{days_left="30+"}': 1_000 - ended,
})

type Row = [title: string, series: Series, minute: number, ...firing: string[]]

const oneInstance: Row[] = [
  ['all is well', {}, 30],
  ['all is well for two days', {}, 2_910],
  ['one site of 300 is dead for five hours', { ...endpoints(299, 1), ...deadFor(18_000) }, 30],
  [
    'one site of 300 is dead for seven hours',
    { ...endpoints(299, 1), ...deadFor(25_200) },
    1,
    'BankApiEndpointDead',
  ],
  [
    'half of the sites are dead',
    { ...endpoints(150, 150), ...deadFor(600) },
    11,
    'BankApiEndpointsFail',
  ],
  ['half of the sites fail for a moment', endpoints(150, 150), 8],
  ['a sixth of the sites is dead', endpoints(250, 50), 30],
  ['one of two sites fails', endpoints(1, 1), 30],
  ['two of three sites fail', endpoints(1, 2), 11, 'BankApiEndpointsFail'],
  [
    'sites that were given up dilute nothing',
    endpoints(2, 2, 200),
    11,
    'BankApiEndpointDisabled',
    'BankApiEndpointsFail',
  ],
  ['an endpoint is disabled', endpoints(299, 0, 1), 1, 'BankApiEndpointDisabled'],
  [
    'webhooks of sites that are well lie about',
    { bank_api_delivery_queue_age_seconds: 1_000 },
    6,
    'BankApiDeliveriesLate',
  ],
  ['they did for a moment', { bank_api_delivery_queue_age_seconds: 1_000 }, 4],
  ['webhooks wait for some minutes', { bank_api_delivery_queue_age_seconds: 600 }, 30],
  ['Bridge is down', { bank_api_bridge_up: 0 }, 4, 'BankApiBridgeDown'],
  ['Bridge is down for two minutes', { bank_api_bridge_up: 0 }, 2],
  [
    'a third of the calls to Bridge fails',
    { 'bank_api_bridge_requests_total{status="503"}': { perMinute: 20 } },
    8,
    'BankApiBridgeErrors',
  ],
  [
    'a third of the calls to Bridge fails for some minutes',
    { 'bank_api_bridge_requests_total{status="503"}': { perMinute: 20 } },
    5,
  ],
  [
    'Bridge does not answer a third of the calls',
    { 'bank_api_bridge_requests_total{status="none"}': { perMinute: 20 } },
    16,
    'BankApiBridgeErrors',
  ],
  [
    'another program spends Bridge’s quota',
    { 'bank_api_bridge_requests_total{status="429"}': { perMinute: 20 } },
    16,
    'BankApiBridgeErrors',
  ],
  [
    'a third of the calls is about what Bridge does not have',
    { 'bank_api_bridge_requests_total{status="404"}': { perMinute: 20 } },
    30,
  ],
  [
    'the only calls of a night fail',
    { ...night, 'bank_api_bridge_requests_total{status="503"}': '0x30 4x40' },
    37,
  ],
  ['the quota is spent', { bank_api_bridge_quota_remaining: '380x9 3x40' }, 17, 'BankApiQuotaLow'],
  ['the quota is spent for a moment', { bank_api_bridge_quota_remaining: '380x9 3x40' }, 13],
  [
    'the quota is small',
    { bank_api_bridge_quota_remaining: 10, bank_api_bridge_quota_limit: 20 },
    30,
  ],
  [
    'the quota was made smaller',
    { bank_api_bridge_quota_remaining: '380x9 15x40', bank_api_bridge_quota_limit: '400x9 20x40' },
    30,
  ],
  ['much of the quota is spent', { bank_api_bridge_quota_remaining: 150 }, 30],
  [
    'one call ended in an error of ours',
    { 'bank_api_rpc_requests_total{outcome="InternalError"}': '0x30 1x40' },
    35,
    'BankApiOwnErrors',
  ],
  [
    'that was half an hour ago',
    { 'bank_api_rpc_requests_total{outcome="InternalError"}': '0x10 1x60' },
    40,
  ],
  [
    'callers are refused',
    { 'bank_api_rpc_requests_total{outcome="DoesNotExistError"}': { perMinute: 30 } },
    30,
  ],
  ['a fifth of the calls is slow', calls(24, 30), 15, 'BankApiSlow'],
  ['one call in thirty is slow', calls(29, 30), 30],
  ['a fifth of the calls is slow for a moment', calls(24, 30), 8],
  ['a fifth of the calls takes some seconds', calls(24, 30, 30), 30],
  ['the few calls of ten minutes are slow', calls(0, 0.5), 30],
  [
    'the webhook’s secret was changed at Bridge',
    { ...night, 'bank_api_webhooks_received_total{outcome="refused"}': { perMinute: 1 } },
    6,
    'BankApiWebhooksRefused',
  ],
  [
    'the webhook’s secret was changed at Bridge a moment ago',
    { ...night, 'bank_api_webhooks_received_total{outcome="refused"}': { perMinute: 1 } },
    4,
  ],
  [
    'a stranger posts webhooks beside Bridge’s',
    { 'bank_api_webhooks_received_total{outcome="refused"}': { perMinute: 5 } },
    30,
  ],
  [
    'a stranger posts one webhook in a night',
    { ...night, 'bank_api_webhooks_received_total{outcome="refused"}': '0x30 1x40' },
    40,
  ],
  ['no webhook comes for a day', night, 1_500, 'BankApiWebhooksMissing'],
  ['no webhook comes for half an hour more than a day', night, 1_470],
  ['no webhook comes for half an hour', night, 30],
  [
    'an installation of an hour took over a thousand connections, and no webhook came yet',
    { bank_api_items: '_x48 1000x20', ...noWebhookYet },
    1_530,
  ],
  [
    'a day later none has come yet',
    { bank_api_items: '_x2 1000x100', ...noWebhookYet },
    1_590,
    'BankApiWebhooksMissing',
  ],
  ['no webhook comes, of few connections', { ...night, bank_api_items: 3 }, 1_500],
  ['events are not applied', { bank_api_events_unhandled: 500 }, 11, 'BankApiEventsUnhandled'],
  ['many events come at once', { bank_api_events_unhandled: 500 }, 8],
  ['some events wait', { bank_api_events_unhandled: 50 }, 30],
  ['a fifth of the consents has ended', consents(200), 1_470, 'BankApiConsentsExpired'],
  ['a fifth of the consents has ended today', consents(200), 990],
  ['a fiftieth of the consents has ended', consents(20), 1_500],
  [
    'copies have not been made for two days',
    { bank_api_backup_last_timestamp_seconds: 0 },
    3_000,
    'BankApiBackupOld',
  ],
  ['the last copy was made two days ago', { bank_api_backup_last_timestamp_seconds: 0 }, 2_910],
  ['the last copy was made yesterday', { bank_api_backup_last_timestamp_seconds: 0 }, 1_500],
  [
    'on PostgreSQL there is no copy, file or disk of ours',
    {
      bank_api_backup_last_timestamp_seconds: null,
      bank_api_database_size_bytes: null,
      bank_api_disk_free_bytes: null,
    },
    2_910,
  ],
  ['the disk is nearly full', { bank_api_disk_free_bytes: 500e6 }, 3, 'BankApiDiskLow'],
  [
    'the disk holds less than three times the database',
    { bank_api_database_size_bytes: 4e9 },
    3,
    'BankApiDiskLow',
  ],
  ['the process is busy', { nodejs_eventloop_lag_p99_seconds: 0.8 }, 11, 'BankApiEventLoopLag'],
  ['the disk is nearly full for a moment', { bank_api_disk_free_bytes: 500e6 }, 1],
  ['the process is a little busy', { nodejs_eventloop_lag_p99_seconds: 0.1 }, 30],
  ['the process is busy for a moment', { nodejs_eventloop_lag_p99_seconds: 0.8 }, 9],
  [
    'another program of the machine is busy',
    { 'nodejs_eventloop_lag_p99_seconds{job="wiki"}': 3 },
    30,
  ],
  ['the server is not ready', { bank_api_ready: 0 }, 4, 'BankApiNotReady'],
  ['the server is not ready for two minutes', { bank_api_ready: 0 }, 2],
  ['the server starts', { bank_api_ready: '0 0 1x60' }, 5],
  ['nobody leads', { bank_api_leader: 0 }, 3, 'BankApiNobodyLeads'],
  ['nobody leads for a minute', { bank_api_leader: 0 }, 1],
  ['who leads changes', { bank_api_leader: '1 0 1x60' }, 3],
]

const two = wellAt('two')
const three = wellAt('three')

const several: Row[] = [
  ['three instances are well', { ...two, ...three }, 30],
  [
    'one of three is gone',
    { ...two, ...three, 'up{instance="four"}': 0 },
    6,
    'BankApiInstanceDown',
  ],
  ['one of three starts again', { ...two, ...three, 'up{instance="four"}': 0 }, 4],
  [
    'one of three lost the database',
    { ...two, 'up{instance="four"}': 1, 'bank_api_ready{instance="four"}': 0 },
    4,
    'BankApiNotReady',
  ],
  [
    'one of three does not reach Bridge',
    { ...two, ...wellAt('three', { bank_api_bridge_up: 0 }) },
    4,
    'BankApiBridgeDown',
  ],
  ['none of three leads', { bank_api_leader: 0, ...two, ...three }, 3, 'BankApiNobodyLeads'],
  [
    'a site of three instances is dead, counted once',
    {
      ...endpoints(299, 1),
      ...wellAt('two', endpoints(299, 1)),
      ...wellAt('three', endpoints(299, 1)),
    },
    30,
  ],
  [
    'sites of another installation are dead',
    at('job="bank-api-test"', { ...well, ...endpoints(2, 3) }),
    11,
    'BankApiEndpointsFail bank-api-test',
  ],
]

const away: Row[] = [
  ['the server is away', { up: 0 }, 3, 'BankApiDown'],
  ['the server starts again', { up: 0 }, 1],
  ['all instances are away', { up: 0, 'up{instance="two"}': 0 }, 8, 'BankApiDown'],
  ['Prometheus knows no address', { 'up{job="wiki"}': 1 }, 3, 'BankApiDown of none'],
]

const toScenario = ([title, series, minute, ...firing]: Row): Scenario => ({
  title,
  series,
  minute,
  firing,
})

export const scenarios: Scenario[] = [
  ...[...oneInstance, ...several].map((row) => {
    const scenario = toScenario(row)
    return { ...scenario, series: { ...well, ...scenario.series } }
  }),
  ...away.map(toScenario),
]

/** How often rules are looked at, in minutes: what takes days is not looked at each minute. */
export const stepOf = ({ minute }: Scenario): number => (minute > 100 ? 30 : 1)

/** As promtool takes it: which alerts fire at that minute, and no other. */
export function promtoolTest(scenario: Scenario) {
  const { title, series, minute, firing } = scenario
  const step = stepOf(scenario)
  return {
    name: title,
    interval: `${step}m`,
    input_series: Object.entries(series).flatMap(([name, values]) =>
      values === null ? [] : { series: labelled(name), values: notation(values, minute, step) },
    ),
    promql_expr_test: [
      {
        expr: 'count by (alertname, job) (ALERTS{alertstate="firing"})',
        eval_time: `${minute}m`,
        exp_samples: firing.map((alert) => ({ labels: labelsOf(alert), value: 1 })),
      },
    ],
  }
}

function labelsOf(alert: string): string {
  const [name = '', job = 'bank-api'] = alert.split(' ')
  return alert.endsWith(' of none') ? `{alertname="${name}"}` : `{alertname="${name}",job="${job}"}`
}

/** Prometheus adds where a series came from. */
function labelled(series: string): string {
  const [, name = '', own = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? []
  const labels = own === '' ? [] : [own]
  if (!own.includes('job=')) labels.push('job="bank-api"')
  if (!own.includes('instance=')) labels.push('instance="one"')
  return `${name}{${labels.join(',')}}`
}

function notation(
  values: number | string | { perMinute: number },
  minutes: number,
  step: number,
): string {
  if (typeof values === 'string') return values
  const times = Math.ceil(minutes / step) + 1
  return typeof values === 'number' ? `${values}x${times}` : `0+${values.perMinute * step}x${times}`
}
