import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { toFacts } from '../../src/ownership/item-list.ts'
import { keepAccounts } from '../../src/ownership/accounts.ts'
import type { FollowingClock, Ids, MovableClock } from '../../src/clock.ts'
import type { Leader } from '../../src/cluster/leader.ts'
import type { ProcessIdentity } from '../../src/cluster/single-server.ts'
import { loadConfig, type DatabaseLocation } from '../../src/config.ts'
import type { BridgeUser } from '../../src/db/ports/users.ts'
import type { Site } from '../../src/db/ports/sites.ts'
import { loggerOptions } from '../../src/logger.ts'
import {
  bridgeDouble,
  bridgeUrl,
  bridgeWorld,
  type BridgeDouble,
  type BridgeWorld,
} from './bridge.ts'
import { testClock } from './clock.ts'
import { testIds } from './ids.ts'
import { emptyDatabase } from './store.ts'
import { aUser, type TestKey } from './tenants.ts'

export interface TestApp {
  app: FastifyInstance
  clock: MovableClock
  bridge: BridgeDouble
  world: BridgeWorld
  /** Every line logged, at the most talkative level. */
  log: string[]
}

/** The environment of an installation with a Bridge application, where sites must use https. */
export const testEnvironment = {
  PUBLIC_URL: 'https://bank.test',
  BRIDGE_CLIENT_ID: 'client-id-of-the-operator',
  BRIDGE_CLIENT_SECRET: 'client-secret-of-the-operator',
  BRIDGE_BASE_URL: bridgeUrl,
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
}

/** The whole server without sockets: a store of its own, a Bridge made of msw handlers, a clock that stands still. */
export async function testApp({
  env = {},
  database = emptyDatabase(),
  workers = false,
  begins = workers,
  clock = testClock(),
  ids = testIds(),
  leader,
  time,
  identity,
}: {
  env?: Record<string, string>
  database?: DatabaseLocation
  workers?: boolean
  /** Whether their work has begun: it waits until the server is assembled. */
  begins?: boolean
  clock?: MovableClock
  /** Others than those that count up from 1, for a database that has these already. */
  ids?: Ids
  leader?: Leader
  /** What `clock` goes by, where it is one of several that share a database. */
  time?: FollowingClock
  /** Makes it a member of those that serve the database. */
  identity?: ProcessIdentity
} = {}): Promise<TestApp> {
  const world = bridgeWorld({ clock })
  const bridge = bridgeDouble({ handlers: world.handlers })
  const log: string[] = []
  const app = await buildApp({
    config: loadConfig({ ...testEnvironment, ...env }),
    database,
    workers,
    dispatcher: bridge.dispatcher,
    clock,
    ids,
    ...(leader && { leader }),
    ...(time && { time }),
    ...(identity && { identity }),
    logger: {
      ...(loggerOptions('trace') as object),
      stream: { write: (line: string) => void log.push(line) },
    },
  })
  onTestFinished(() => app.close())
  if (begins) await app.ready()
  return { app, clock, bridge, world, log }
}

// oxlint-disable-next-line typescript/no-explicit-any -- answers are read as a stranger reads them
export type Json = any

export interface MethodAnswer {
  status: number
  /** What is under `message`; undefined when the call was refused. */
  message: Json
  body: Json
  /** The bytes, for those who compare or search them. */
  text: string
  headers: Record<string, unknown>
}

/** Calls a method as a site does, with a JSON body; `name` is the last segment, or the whole dotted name. */
export async function callMethod(
  app: FastifyInstance,
  name: string,
  params: object,
  { as, headers }: { as: Pick<TestKey, 'authorization'>; headers?: Record<string, string> },
): Promise<MethodAnswer> {
  const answer = await app.inject({
    method: 'POST',
    url: `/api/method/${name.includes('.') ? name : `bank_api.bridge.${name}`}`,
    headers: { authorization: as.authorization, ...headers },
    payload: params,
  })
  const body: Json = answer.json()
  return {
    status: answer.statusCode,
    message: body.message,
    body,
    text: answer.body,
    headers: answer.headers,
  }
}

/** The browser's way back from Bridge. */
export const callBack = async (
  { app }: Pick<TestApp, 'app'>,
  query: { context?: string; item_id?: number | string; step?: string; success?: string },
  headers: Record<string, string> = {},
) => {
  const words = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  )
  return app.inject({ url: `/bridge/callback?${words.toString()}`, headers })
}

/** A page without the one thing that differs each time: the id of the call it answered. */
export const withoutReference = (page: string): string => page.replaceAll(/req_\d+/g, '')

/** A time as Bridge writes it. */
export const bridgeTime = (at: number): string => new Date(at).toISOString()

export interface ConnectedBank {
  user: BridgeUser & { userUuid: string }
  itemId: number
  accountId: number
  transactionId: number
}

/** A connected bank: a user of the site whom Bridge knows, an item of the site's, an account, a transaction. */
export async function aConnectedBank(
  { app, world }: Pick<TestApp, 'app' | 'world'>,
  site: Site,
  {
    user: name = '',
    item = {},
  }: { user?: string; item?: Parameters<BridgeWorld['addItem']>[1] } = {},
): Promise<ConnectedBank> {
  const { uuid } = world.addUser()
  const user = await aUser(app, site, { name, uuid })
  const row = world.addItem(uuid, item)
  const itemId = row.id
  const account = world.addAccount(itemId, { iban: `FR76${itemId}` })
  const { id: transactionId } = world.addTransaction(account.id)
  await app.store.keepItems(user.id, [toFacts(row)], { at: app.clock.now(), complete: false })
  await keepAccounts(app, { user, site }, [account])
  return { user, itemId, accountId: account.id, transactionId }
}
