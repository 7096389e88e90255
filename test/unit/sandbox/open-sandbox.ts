import { onTestFinished } from 'vitest'
import { createMovableClock, systemIds, type Ids } from '../../../src/clock.ts'
import { buildSandbox, type SandboxOptions } from '../../../src/sandbox/sandbox.ts'

export const start = Date.parse('2026-03-17T09:30:00.250Z')
export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

// oxlint-disable-next-line typescript/no-explicit-any -- answers are read as a stranger reads them
export type Json = any

export interface Answer {
  status: number
  body: Json
  headers: Record<string, unknown>
}

const application = {
  'client-id': 'id',
  'client-secret': 'secret',
  'bridge-version': '2025-01-15',
}

/** Items and users count from a chosen one, so each run sees the same rows. */
function sameIds(): Ids {
  let asked = 0
  return { ...systemIds, random: () => 0.5, request: () => `same${(asked += 1)}` }
}

/** A sandbox whose clock stands still, closed with the test, and a caller for it. */
export function openSandbox(options: Partial<SandboxOptions> = {}) {
  const clock = options.clock ?? createMovableClock({ now: () => start })
  const app = buildSandbox({
    origin: () => 'http://connect.test',
    ids: sameIds(),
    ...options,
    clock,
  })
  onTestFinished(async () => app.close())

  const call = async (
    method: 'GET' | 'POST' | 'DELETE' | 'PUT',
    url: string,
    more: { body?: unknown; headers?: Record<string, string>; token?: string } = {},
  ): Promise<Answer> => {
    const bearer = more.token === undefined ? {} : { authorization: `Bearer ${more.token}` }
    const answer = await app.inject({
      method,
      url,
      headers: { ...application, ...bearer, ...more.headers },
      ...(more.body === undefined ? {} : { payload: more.body as object }),
    })
    const type = answer.headers['content-type'] ?? ''
    const body: Json = type.includes('json') ? answer.json() : answer.body
    return { status: answer.statusCode, body, headers: answer.headers }
  }
  const lever = async (path: string, body: unknown = {}): Promise<Json> =>
    (await call('POST', `/_sandbox/${path}`, { body })).body

  return { app, clock, call, lever }
}
export type Sandbox = ReturnType<typeof openSandbox>

/** A user with a token of their own. */
export async function aUser({ call }: Sandbox): Promise<{ uuid: string; token: string }> {
  const { body: user } = await call('POST', '/v3/aggregation/users', { body: {} })
  return { uuid: user.uuid, token: await aToken({ call }, user.uuid) }
}

/** A token of two hours. */
export async function aToken({ call }: Pick<Sandbox, 'call'>, uuid: string): Promise<string> {
  const { body } = await call('POST', '/v3/aggregation/authorization/token', {
    body: { user_uuid: uuid },
  })
  return body.access_token
}

/** The path of a new session's page. */
export async function aSession(
  { call }: Sandbox,
  token: string,
  fields: object = {},
): Promise<string> {
  const body =
    'item_id' in fields
      ? { callback_url: 'https://gateway.test/back', ...fields }
      : { user_email: 'a@b.fr', callback_url: 'https://gateway.test/back', ...fields }
  const answer = await call('POST', '/v3/aggregation/connect-sessions', { token, body })
  return new URL(answer.body.url).pathname
}

/** Answers a session in one go; the callback's parameters. */
export async function answer(
  { call }: Sandbox,
  path: string,
  answers: object,
): Promise<URLSearchParams> {
  const { headers } = await call('POST', path, { body: { password: 'any', ...answers } })
  return new URL(String(headers['location'])).searchParams
}

/** A connected item: its id. */
export async function anItem(
  sandbox: Sandbox,
  token: string,
  login = 'success',
  fields: object = { account_types: 'all' },
): Promise<number> {
  const end = await answer(sandbox, await aSession(sandbox, token, fields), { login })
  return Number(end.get('item_id'))
}

/** Every row of a list, page after page; `between` runs after each page but the last. */
export async function walk(
  { call }: Sandbox,
  token: string,
  uri: string,
  between: () => Promise<void> = async () => {},
): Promise<Json[]> {
  const rows: Json[] = []
  for (let next: string | undefined = uri; next !== undefined;) {
    const { body } = await call('GET', next, { token })
    rows.push(...body.resources)
    next = body.pagination.next_uri
    if (next !== undefined) await between()
  }
  return rows
}
