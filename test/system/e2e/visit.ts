import { FrappeApp } from 'frappe-js-sdk'

// oxlint-disable-next-line typescript/no-explicit-any -- answers are read as a site reads them
export type Json = any

/** The demo key as the greeting shows it. */
export function demoKey(greeting: string): { api_key: string; api_secret: string } {
  const [, api_key = '', api_secret = ''] =
    /api_key +(\S+)\n +api_secret +(\S+)/.exec(greeting) ?? []
  return { api_key, api_secret }
}

/** A site's own Frappe client: calls a method by its last segment and gives what is under `message`. */
export function siteClient(
  url: string,
  { api_key, api_secret }: { api_key: string; api_secret: string },
) {
  const options = {
    useToken: true,
    token: () => `${api_key}:${api_secret}`,
    type: 'token' as const,
  }
  const call = new FrappeApp(url, options).call()
  return async (
    method: string,
    params: object = {},
    verb: 'get' | 'post' = 'post',
  ): Promise<Json> => {
    const name = `bank_api.bridge.${method}`
    const answer: Json =
      verb === 'get'
        ? await call.get(name, params as Record<string, string>)
        : await call.post(name, params)
    return answer.message
  }
}

/** Logs in at the bank by a link, without the page; gives the callback, which the browser has yet to follow. */
export async function logIn(link: string, login = 'success'): Promise<string> {
  const done = await fetch(link, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password: 'any' }),
    redirect: 'manual',
  })
  if (done.status !== 303) throw new Error(`The sandbox answered ${done.status}`)
  return done.headers.get('location') ?? ''
}

/** Follows a callback as the browser does; gives where it ends. */
export async function comeBack(callback: string): Promise<URL> {
  const home = await fetch(callback, { redirect: 'manual' })
  if (home.status !== 302) throw new Error(`The callback answered ${home.status}`)
  return new URL(home.headers.get('location') ?? '')
}

/** What a person does with a link: logs in at the bank and lets the browser follow. */
export const visitBank = async (link: string, login = 'success'): Promise<URL> =>
  comeBack(await logIn(link, login))

/** Pulls a lever of the sandbox at this origin. */
export async function pull(origin: string, lever: string, body?: object): Promise<Json> {
  const answer = await fetch(`${origin}/_sandbox/${lever}`, {
    method: 'POST',
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  if (!answer.ok) throw new Error(`The lever ${lever} answered ${answer.status}`)
  return answer.json()
}
