import { request } from 'undici'

/** What Bridge answered, as it came: nothing is checked or renamed. */
export interface Answer {
  status: number
  headers: Record<string, unknown>
  // oxlint-disable-next-line typescript/no-explicit-any -- looking at what nobody promised is the point
  body: any
}

export interface Ask {
  /** The user's token. */
  token?: string | undefined
  body?: object | undefined
  query?: Record<string, string | number> | [string, string][] | undefined
  headers?: Record<string, string | undefined> | undefined
}

export type Call = (method: 'GET' | 'POST' | 'DELETE', path: string, ask?: Ask) => Promise<Answer>

export interface Application {
  baseUrl: string
  clientId: string
  clientSecret: string
}

/** Calls Bridge as the application; a header that is undefined is left out. */
export function createCall({ baseUrl, clientId, clientSecret }: Application): Call {
  return async (method, path, { token, body, query, headers } = {}) => {
    const url = new URL(path, baseUrl)
    const pairs = Array.isArray(query) ? query : Object.entries(query ?? {})
    for (const [name, value] of pairs) url.searchParams.append(name, String(value))
    const all = {
      'bridge-version': '2025-01-15',
      'client-id': clientId,
      'client-secret': clientSecret,
      authorization: token === undefined ? undefined : `Bearer ${token}`,
      'content-type': body === undefined ? undefined : 'application/json',
      ...headers,
    }
    const answer = await request(url, {
      method,
      headers: Object.fromEntries(
        Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined),
      ),
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, headers: answer.headers, body: parsed(text) }
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
