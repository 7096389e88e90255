import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FrappeClient } from 'frappe-client'
import { FrappeApp } from 'frappe-js-sdk'
import { beforeAll, beforeEach, describe, test, vi } from 'vitest'
import { demoKey, type Json } from '../e2e/visit.ts'
import { dataDirectory, startGateway } from '../../support/gateway.ts'
import { expectWholeFlow, walk, type Client, type Order, type Told } from './flow.ts'
import {
  describedBy,
  withCodegen,
  withOrval,
  type CodegenClass,
  type OrvalClient,
} from './generated.ts'
import { isLeftOut, run } from './run.ts'

const python = '/usr/bin/python3'
const ruby = '/usr/bin/ruby'
const hasRequests = spawnSync(python, ['-c', 'import requests']).status === 0

/** Methods that only read, which a client asks with GET. */
const reads = /^get_(?!bridge_connect_link)/

describe('from a link to the deletion, on the real server with its sandbox', () => {
  const ends: (() => void | Promise<void>)[] = []
  let order: Omit<Order, 'user'>
  let Codegen: CodegenClass
  let orval: OrvalClient

  beforeAll(async () => {
    const ended = (work: () => void | Promise<void>) => void ends.push(work)
    const gateway = await startGateway(dataDirectory(ended), ended)
    const { api_key: key, api_secret: secret } = demoKey(gateway.stdout())
    order = { origin: gateway.url, key, secret }
    const described = await describedBy(gateway.url, ended)
    Codegen = await withCodegen(described)
    orval = await withOrval(described)
    return async () => {
      for (const end of ends.toReversed()) await end()
    }
  })

  const script = async (path: string, name: string): Promise<Told> => {
    const file = fileURLToPath(new URL(name, import.meta.url))
    const { origin, key, secret } = order
    return JSON.parse(await run(path, [file, origin, key, secret, `${name}@acme.test`])) as Told
  }

  test.skipIf(isLeftOut(python, hasRequests, `${python} with python3-requests`))(
    'Python, with requests and urllib3’s Retry as Frappe mounts it',
    async () => expectWholeFlow(await script(python, 'whole_flow.py')),
  )

  test.skipIf(isLeftOut(ruby, existsSync(ruby), ruby))('Ruby, with its own library', async () =>
    expectWholeFlow(await script(ruby, 'whole_flow.rb')),
  )

  const frappeJsSdk = ({ origin, key, secret }: Omit<Order, 'user'>): Client => {
    const options = { useToken: true, token: () => `${key}:${secret}`, type: 'token' as const }
    const call = new FrappeApp(origin, options).call()
    return {
      async ask(method, args) {
        const verb = reads.test(method) ? 'get' : 'post'
        const answer: Json = await call[verb](`bank_api.bridge.${method}`, args)
        return answer.message
      },
      lineOf: (refusal) => (refusal as { exception: string }).exception,
      withoutKey: () => frappeJsSdk({ ...order, secret: 'no' }),
    }
  }

  const frappeClient = ({ origin, key, secret }: Omit<Order, 'user'>): Client => {
    const headers = { Authorization: `token ${key}:${secret}` }
    const call = new FrappeClient(origin, async () => ({ headers })).Method('bank_api.bridge')
    return {
      async ask(method, args) {
        const answer = await call[reads.test(method) ? 'get' : 'post'](method, args)
        if (!answer.ok) throw new Error(answer.message)
        return answer.message
      },
      lineOf: (refusal) => (refusal as Error).message,
      withoutKey: () => frappeClient({ ...order, secret: 'no' }),
    }
  }

  const camel = (name: string): string =>
    name.replaceAll(/_(\w)/g, (_, one: string) => one.toUpperCase())

  const codegen = ({ origin, key, secret }: Omit<Order, 'user'>): Client => {
    const client = new Codegen({ BASE: origin, USERNAME: key, PASSWORD: secret })
    return {
      async ask(method, args) {
        const named = Object.entries(args).map(([name, value]) => [camel(name), value])
        const [id, options] = reads.test(method)
          ? [camel(method), Object.fromEntries(named) as object]
          : [camel(`${method}_post`), { requestBody: args }]
        const ofTag = Object.values(client).find((functions) => id in functions)!
        return (await ofTag[id]!(options)).message
      },
      lineOf: (refusal) => (refusal as { body: { exception: string } }).body.exception,
      withoutKey: () => codegen({ ...order, secret: 'no' }),
    }
  }

  /** `name` makes an operation's id of a method, `read` takes what it answered or what it refused. */
  const withOrvalAs =
    (
      name: (method: string) => string,
      read: (body: Json) => { answer: Json; line: string | undefined },
    ) =>
    ({ key, secret }: Omit<Order, 'user'>): Client => ({
      async ask(method, args) {
        const headers = { authorization: `token ${key}:${secret}` }
        const { status, data } = await orval[camel(name(method))]!(args, { headers })
        const { answer, line } = read(data)
        if (status !== 200) throw new Error(line)
        return answer
      },
      lineOf: (refusal) => (refusal as Error).message,
      withoutKey: () => withOrvalAs(name, read)({ ...order, secret: 'no' }),
    })

  const orvalByVerb = withOrvalAs(
    (method) => (reads.test(method) ? method : `${method}_post`),
    ({ message, exception }) => ({ answer: message, line: exception }),
  )

  const orvalByPostInVersion2 = withOrvalAs(
    (method) => `${method}_v2_post`,
    ({ data, errors }) => ({ answer: data, line: errors?.[0].exception }),
  )

  beforeEach(() => {
    vi.spyOn(console, 'log').mockImplementation(() => {}) // frappe-client tells every call
    return () => vi.restoreAllMocks()
  })

  test.each([
    ['frappe-js-sdk', frappeJsSdk],
    ['npm frappe-client', frappeClient],
    ['a client that openapi-typescript-codegen makes of /openapi.json', codegen],
    ['a client that orval makes of it', orvalByVerb],
    ['the same, with POST alone and in version 2 of the API', orvalByPostInVersion2],
  ])('%s', async (name, client) => {
    const user = `${name.replaceAll(/\W/g, '').slice(0, 60)}@acme.test`

    expectWholeFlow(await walk(client(order), { user }))
  })
})
