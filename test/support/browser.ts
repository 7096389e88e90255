import type { FastifyInstance } from 'fastify'

/** A browser: it keeps cookies, follows no redirect, and fills forms as they stand on the page. */
export function aBrowser(app: FastifyInstance) {
  const cookies = new Map<string, string>()
  const ask = async (
    method: 'GET' | 'POST',
    url: string,
    fields: Record<string, string> = {},
    headers: Record<string, string> = {},
  ) => {
    const cookie = Array.from(cookies, ([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const answer = await app.inject({
      method,
      url,
      headers: {
        accept: 'text/html',
        'accept-language': 'en',
        ...(cookie.length > 0 && { cookie: cookie.join('; ') }),
        ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(method === 'POST' && { payload: new URLSearchParams(fields).toString() }),
    })
    for (const { name, value } of answer.cookies) {
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }
  return {
    cookies,
    get: (url: string, headers: Record<string, string> = {}) => ask('GET', url, {}, headers),
    post: (url: string, fields: Record<string, string> = {}, headers = {}) =>
      ask('POST', url, fields, headers),
    /** Presses the button of a form that stands on a page. */
    async press(page: string, action: string, fields: Record<string, string> = {}) {
      const { body } = await ask('GET', page)
      const form = formsIn(body).find((one) => one.action === action)
      if (!form) throw new Error(`${page} has no form for ${action}`)
      return ask('POST', action, { ...form.fields, ...fields })
    },
  }
}

/** The forms of a page that post, with what their fields hold. */
function formsIn(page: string): { action: string; fields: Record<string, string> }[] {
  return [...page.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].flatMap(
    ([, head = '', inner = '']) => {
      const action = /action="([^"]*)"/.exec(head)?.[1]
      if (!head.includes('method="post"') || action === undefined) return []
      const fields = [...inner.matchAll(/<input\b([^>]*)>/g)].map(
        ([, input = '']): [string, string] => [
          /name="([^"]*)"/.exec(input)?.[1] ?? '',
          /value="([^"]*)"/.exec(input)?.[1] ?? '',
        ],
      )
      return [{ action, fields: Object.fromEntries(fields) }]
    },
  )
}
