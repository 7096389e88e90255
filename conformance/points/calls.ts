import { unless, untestable, word, type Point } from '../point.ts'
import type { Answer } from '../call.ts'

const providers = '/v3/providers'
const items = '/v3/aggregation/items'

/** The code of an error, wherever it stands. */
const codeOf = ({ body }: Answer): unknown => body?.code ?? body?.errors?.[0]?.code ?? body?.type

/** Addresses, headers, and how errors look. */
export const calls: readonly Point[] = [
  {
    id: 'address',
    assumed: 'Calls are served from this address; from one that is not on the list it is 403.',
    switches: ['addressAllowed'],
    check: async ({ call }) =>
      unless([200], (await call('GET', providers, { query: { limit: 1 } })).status, 'from here'),
  },
  {
    id: 'error-envelope',
    assumed: 'An error is flat: `code` and `message`, not inside of `errors`.',
    switches: ['errorEnvelope'],
    async check({ call }) {
      const { body } = await call('GET', `${providers}/0`)
      return typeof body?.code === 'string' ? undefined : `its body is ${word(body)}`
    },
  },
  {
    id: 'error-code-credentials',
    assumed: 'Wrong credentials are 401 `invalid_client_credentials`.',
    switches: ['errorCodes'],
    async check({ call }) {
      const answer = await call('GET', providers, { headers: { 'client-secret': 'wrong' } })
      return (
        unless([401], answer.status, 'status') ??
        unless(['invalid_client_credentials'], codeOf(answer), 'code')
      )
    },
  },
  {
    id: 'error-code-missing',
    assumed: 'What is not there is 404 `not_found`.',
    switches: ['errorCodes'],
    async check({ call }) {
      const answer = await call('GET', `${providers}/0`)
      return unless([404], answer.status, 'status') ?? unless(['not_found'], codeOf(answer), 'code')
    },
  },
  {
    id: 'version-unknown',
    assumed: 'A Bridge-Version that does not exist is 400 `invalid_version_header`.',
    switches: ['errorCodes'],
    async check({ call }) {
      const answer = await call('GET', providers, { headers: { 'bridge-version': '1999-01-01' } })
      return (
        unless([400], answer.status, 'status') ??
        unless(['invalid_version_header'], codeOf(answer), 'code')
      )
    },
  },
  {
    id: 'version-crossed',
    assumed: '/v3 takes no 2021-06-01, and /v2 no 2025-01-15: 400.',
    async check({ call, user }) {
      const { token } = await user()
      const old = await call('GET', providers, { headers: { 'bridge-version': '2021-06-01' } })
      const young = await call('POST', '/v2/items/1/refresh', { token })
      return unless([400], old.status, '/v3') ?? unless([400], young.status, '/v2')
    },
  },
  {
    id: 'error-code-others',
    assumed:
      'A wrong token is `invalid_access_token`, a wrong parameter `invalid_parameter` and named.',
    switches: ['errorCodes'],
    async check({ call }) {
      const token = await call('GET', items, { token: 'unknown' })
      const limit = await call('GET', providers, { query: { limit: 'many' } })
      const property = limit.body?.property ?? limit.body?.errors?.[0]?.property
      return (
        unless(['invalid_access_token'], codeOf(token), 'token') ??
        unless(['invalid_parameter'], codeOf(limit), 'parameter') ??
        unless(['limit'], property, 'property')
      )
    },
  },
  {
    id: 'bearer-alone',
    assumed: 'A good token without the application’s credentials is 401.',
    async check({ call, user }) {
      const { token } = await user()
      const headers = { 'client-id': undefined, 'client-secret': undefined }
      return unless([401], (await call('GET', items, { token, headers })).status, 'status')
    },
  },
  {
    id: 'bearer-wrong',
    assumed: 'A token that is missing, unknown or over is 401.',
    switches: ['badBearer'],
    async check({ call }) {
      const unknown = await call('GET', items, { token: 'unknown' })
      const missing = await call('GET', items)
      return unless([401], unknown.status, 'unknown') ?? unless([401], missing.status, 'missing')
    },
  },
  {
    id: 'body-without-type',
    assumed: 'A body that is not called JSON is 415.',
    async check({ call }) {
      const answer = await call('POST', '/v3/aggregation/authorization/token', {
        body: {},
        headers: { 'content-type': 'text/plain' },
      })
      return unless([415], answer.status, 'status')
    },
  },
  {
    id: 'limit-out-of-range',
    assumed: 'A `limit` above 500 is 400.',
    switches: ['limitOutOfRange'],
    check: async ({ call }) =>
      unless([400], (await call('GET', providers, { query: { limit: 501 } })).status, 'status'),
  },
  {
    id: 'parameter-unknown',
    assumed: 'A parameter that does not exist is ignored.',
    async check({ call }) {
      const answer = await call('GET', providers, { query: { limit: 1, conformance: 1 } })
      return unless([200], answer.status, 'status')
    },
  },
  {
    id: 'providers-many-values',
    assumed: 'Several values of a filter are repeated, or stand between commas.',
    async check({ call }) {
      const count = async (query: [string, string][]) =>
        (
          (await call('GET', providers, { query: [...query, ['limit', '500']] })).body?.resources ??
          []
        ).length as number
      const repeated = await count([
        ['country_code', 'FR'],
        ['country_code', 'DE'],
      ])
      const joined = await count([['country_code', 'FR,DE']])
      const one = await count([['country_code', 'FR']])
      if (one === 0) return 'no bank in FR is listed'
      return repeated === joined ? undefined : 'the two forms list different banks'
    },
  },
  {
    id: 'provider-words',
    assumed: 'Capabilities, release states and the shape of `health_status` are those we know.',
    async check({ call }) {
      const { body } = await call('GET', providers, { query: { limit: 500 } })
      const seen = new Set<string>()
      for (const one of body?.resources ?? []) {
        for (const name of one.capabilities ?? []) seen.add(`capability ${word(name)}`)
        seen.add(`release ${word(one.aggregation_metadata?.release_status)}`)
        seen.add(`health ${word(one.health_status?.aggregation?.status)}`)
      }
      const strange = [...seen].filter((name) => !knownOfProviders.has(name)).toSorted()
      return strange.length === 0 ? undefined : `also ${strange.join(', ')}`
    },
  },
  {
    id: 'provider-alone',
    assumed: 'Demo Bank is provider 574, in FR.',
    async check({ call }) {
      const { status, body } = await call('GET', `${providers}/574`)
      return (
        unless([200], status, 'status') ??
        unless([574], body?.id, 'id') ??
        unless(['FR'], body?.country_code, 'country')
      )
    },
  },
  {
    id: 'categories',
    assumed: 'Categories are parents with children, named in the language that is asked for.',
    async check({ call }) {
      const named = async (language: string): Promise<string> => {
        const headers = { 'accept-language': language }
        const { body } = await call('GET', '/v3/aggregation/categories', { headers })
        const [parent] = body?.resources ?? []
        return Array.isArray(parent?.categories) ? String(parent.name) : ''
      }
      const [french, english] = [await named('fr'), await named('en')]
      if (french === '' || english === '') return 'the first has no list of children'
      return french === english ? 'the names are the same in fr and en' : undefined
    },
  },
  {
    id: 'category-alone',
    assumed: 'One category is answered as it is, not inside of `resources`.',
    switches: ['singleCategory'],
    async check({ call }) {
      const list = await call('GET', '/v3/aggregation/categories', { query: { limit: 1 } })
      const id = list.body?.resources?.[0]?.categories?.[0]?.id ?? list.body?.resources?.[0]?.id
      const { body } = await call('GET', `/v3/aggregation/categories/${id}`)
      return body?.id === id ? undefined : `its body is ${word(body)}`
    },
  },
  untestable(
    'version-2021-ends',
    'Calls of 2021-06-01 are served until the end of 2027.',
    'only Bridge knows',
  ),
  untestable('front-errors', 'The front proxy may answer 5xx.', 'nobody can ask for an outage'),
]

const knownOfProviders = new Set([
  ...['aggregation', 'account_check', 'single_payment', 'bulk_payment'].map(
    (name) => `capability ${name}`,
  ),
  'capability single_payment_scheduled',
  'capability bulk_payment_scheduled',
  ...['general_availability', 'beta', 'deprecated', 'absent'].map((name) => `release ${name}`),
  ...['healthy', 'unhealthy', 'absent'].map((name) => `health ${name}`),
])
