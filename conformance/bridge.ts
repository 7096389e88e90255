import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { createCall, type Answer, type Application, type Ask } from './call.ts'
import { NotTestableError } from './point.ts'
import type { Heard, Listener } from './listener.ts'

/** What a program alone cannot do: somebody at the Connect page, time, the dashboard's button. */
export interface Surroundings {
  /** Does what a person does with a link: logs in, and says where the browser went in the end. */
  visit(link: string, login: string): Promise<URL>
  /** Whether the link still leads to a bank. */
  serves(link: string): Promise<boolean>
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>
  /** Has the bank read, where one can ask for it. */
  refresh(itemId: number, ask: () => Promise<Answer>): Promise<void>
  /** Has Bridge send its test event. */
  sendTestEvent(): Promise<void>
  /** Has calls counted, where that is not always so. */
  countCalls(): Promise<void>
  /** Where links come back to. */
  callback: string
  /** Whether all users of the application may be deleted. */
  mayDeleteAll: boolean
  /** What the application's webhook leads to. */
  listener?: Listener
}

export interface User {
  uuid: string
  token: string
}

/** A connection of the Demo Bank, and where its visit ended. */
export interface Connected {
  id: number
  user: User
  link: string
  back: URL
}

/** Bridge as the points see it: calls as they are, and what several points share, made once. */
export type Bridge = ReturnType<typeof createBridge>

const users = '/v3/aggregation/users'
const sessions = '/v3/aggregation/connect-sessions'

export function createBridge(application: Application, surroundings: Surroundings) {
  const call = createCall(application)
  const made: string[] = []

  async function newUser(): Promise<User> {
    const answer = await call('POST', users, {
      body: { external_user_id: `conformance-${randomUUID()}` },
    })
    if (answer.status !== 201)
      throw new NotTestableError(`to make a user is answered ${answer.status}`)
    const { uuid } = answer.body as { uuid: string }
    made.push(uuid)
    return { uuid, token: await tokenOf(uuid) }
  }
  async function tokenOf(uuid: string): Promise<string> {
    const answer = await call('POST', '/v3/aggregation/authorization/token', {
      body: { user_uuid: uuid },
    })
    if (answer.status !== 201)
      throw new NotTestableError(`to ask for a token is answered ${answer.status}`)
    return (answer.body as { access_token: string }).access_token
  }
  /** The same call for a user, with a new token when the one at hand is over. */
  async function callAs(
    user: User,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    ask: Ask = {},
  ): Promise<Answer> {
    const answer = await call(method, path, { ...ask, token: user.token })
    if (answer.status !== 401 && answer.status !== 403) return answer
    user.token = await tokenOf(user.uuid)
    return call(method, path, { ...ask, token: user.token })
  }
  async function get(user: User, path: string, query: Ask['query'] = {}): Promise<Answer> {
    const answer = await callAs(user, 'GET', path, { query })
    if (answer.status !== 200) {
      const route = path.replace(/\?.*/, '').replaceAll(/\d{2,}/g, '{id}')
      throw new NotTestableError(`${route} is answered ${answer.status}`)
    }
    return answer
  }
  /** A link for a new connection, or to what `more` says. */
  async function link(user: User, more: object = {}): Promise<string> {
    const body = {
      user_email: 'conformance@example.com',
      account_types: 'all',
      callback_url: surroundings.callback,
      ...more,
    }
    const answer = await callAs(user, 'POST', sessions, { body })
    if (answer.status !== 201)
      throw new NotTestableError(`to ask for a link is answered ${answer.status}`)
    return (answer.body as { url: string }).url
  }
  const user = once(newUser)
  const visits = new Map<string, Promise<Connected>>()
  /** The connection by a login, of a user of its own; several points share the visit that made it. */
  function connectedAs(login: string): Promise<Connected> {
    const made = visits.get(login) ?? connectFirst(login)
    visits.set(login, made)
    return made
  }
  async function connectFirst(login: string): Promise<Connected> {
    const owner = login === 'success' ? await user() : await newUser()
    const url = await link(owner, { provider_id: 574, context: 'conformance-1' })
    const back = await surroundings.visit(url, login)
    return { id: Number(back.searchParams.get('item_id')), user: owner, link: url, back }
  }
  return {
    ...surroundings,
    call,
    callAs,
    get,
    link,
    newUser,
    /** The user that most points look at. */
    user,
    /** Another one, who owns nothing of the first. */
    stranger: once(newUser),
    /** The connection that most points look at. */
    connected: () => connectedAs('success'),
    connectedAs,
    /** What the webhook got that fits, as soon as there is one. */
    async hears(fits: (heard: Heard) => boolean, what: string): Promise<Heard> {
      const { listener } = surroundings
      if (!listener) throw new NotTestableError('no webhook leads here: give --listen')
      for (let waited = 0; waited < 10_000; waited += 50) {
        const found = listener.heard.find(fits)
        if (found) return found
        await wait(50)
      }
      throw new NotTestableError(`no ${what} came`)
    },
    /** Deletes whom it made, and with them all their connections. */
    async cleanUp() {
      for (const uuid of made) await call('DELETE', `${users}/${uuid}`)
    },
  }
}

/** Makes what is asked for once; who asks again gets the same, and the same refusal. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
