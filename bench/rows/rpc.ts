import { askOfEach, call, database, inTurn, openGateway } from '../gateway.ts'
import { load, type Asked } from '../load.ts'
import { startProgram } from '../processes.ts'
import type { Client } from '../seed.ts'
import type { Bench } from '../settings.ts'
import { atMost, compare, interleave } from '../side-by-side.ts'

const lanes = 16

/** A method that asks Bridge, beside a proxy that looks at a header and puts the JSON under `message`. */
export const rpcThatReadsBridge: Bench = (settings) =>
  besideOurs(settings, {
    bench: 'get_bank_accounts',
    aims: {
      'CPU µs': atMost(3),
      'requests/s': undefined,
      'p50 ms': undefined,
      'p99 ms': atMost(1.8),
    },
    ask: (client) => call(client, 'get_bank_accounts', { item_id: client.itemId }),
    program: ({ authorization }) => ['proxy', settings.bridge, authorization],
    askBeside: askProxy,
  })

const served = {
  'CPU µs': undefined,
  'requests/s': undefined,
  'p50 ms': undefined,
  'p99 ms': undefined,
}
const askConstant = (): Asked => ({ method: 'GET', path: '/constant' })

/** A method answered from the database, beside a route that answers as many bytes without looking. */
export const rpcFromTheDatabase: Bench = (settings) =>
  besideOurs(settings, {
    bench: 'get_bridge_item_id',
    aims: served,
    ask: (client) => call(client, 'get_bridge_item_id', { request: client.request }),
    program: () => ['constant', '180'],
    askBeside: askConstant,
  })

/** A method answered from memory, beside the same. */
export const rpcFromMemory: Bench = (settings) =>
  besideOurs(settings, {
    bench: 'get_category',
    aims: served,
    ask: (client) => call(client, 'get_category', { category_id: 101, lang: 'fr' }),
    program: () => ['constant', '70'],
    askBeside: askConstant,
  })

/** What we owe with each call, done by the libraries alone; beside what owes nothing, and before our own. */
export const dutiesOfACall: Bench = async (settings) => {
  const { rounds, roundMs: ms, bridge } = settings
  const { clients, env, remove } = await database(settings, settings.small)
  const ours = await openGateway(settings, settings.small)
  const duties = await startProgram('duties', { args: ['70', bridge], env })
  const constant = await startProgram('constant', { args: ['70'] })
  const first = clients[0]!
  const proxy = await startProgram('proxy', { args: [bridge, first.authorization] })
  const accountsOf = (client: Client) =>
    call(client, 'get_bank_accounts', { item_id: client.itemId })
  await askOfEach(ours, accountsOf)
  const [ofDuties, ofOurs] = [inTurn(clients), inTurn(ours.clients)]
  const how = { lanes, ms }
  const seen = await interleave(
    {
      constant: () => load(constant, how, askConstant),
      dutiesOfConstant: () =>
        load(duties, how, () => ({
          method: 'GET',
          path: '/constant?category_id=101',
          headers: signed(ofDuties()),
        })),
      category: () => load(ours, how, () => call(ofOurs(), 'get_category', { category_id: 101 })),
      proxy: () => load(proxy, how, () => askProxy(ofDuties(), first)),
      dutiesOfAccounts: () =>
        load(duties, how, () => {
          const client = ofDuties()
          return askProxy(client, client)
        }),
      accounts: () => load(ours, how, () => accountsOf(ofOurs())),
    },
    { rounds, warmUps: 2 },
  )
  for (const program of [duties, constant, proxy, ours]) await program.stop()
  remove()
  const [figure, aim] = ['CPU µs', atMost(1.25)]
  const { constant: nothing, dutiesOfConstant, dutiesOfAccounts } = seen
  return [
    compare({ bench: 'get_category: its duties alone', figure }, dutiesOfConstant, nothing),
    compare(
      { bench: 'get_category, beside its duties', figure, aim },
      seen.category,
      dutiesOfConstant,
    ),
    compare({ bench: 'get_bank_accounts: its duties alone', figure }, dutiesOfAccounts, seen.proxy),
    compare(
      { bench: 'get_bank_accounts, beside its duties', figure, aim },
      seen.accounts,
      dutiesOfAccounts,
    ),
  ]
}

const signed = ({ authorization }: Client): Record<string, string> => ({ authorization })

const askProxy = ({ itemId }: Client, caller: Client): Asked => ({
  method: 'GET',
  path: `/accounts?item_id=${itemId}`,
  headers: signed(caller),
})

interface Compared {
  bench: string
  aims: Readonly<Record<string, ReturnType<typeof atMost> | undefined>>
  ask(client: Client): Asked
  program(first: Client): readonly [name: string, ...args: string[]]
  askBeside(client: Client, first: Client): Asked
}

async function besideOurs(settings: Parameters<Bench>[0], compared: Compared): ReturnType<Bench> {
  const { rounds, roundMs: ms } = settings
  const { bench, aims } = compared
  const ours = await openGateway(settings, settings.small)
  const grown = await openGateway(settings, settings.kept)
  const first = ours.clients[0]!
  const [name, ...args] = compared.program(first)
  const beside = await startProgram(name, { args })

  for (const gateway of [ours, grown]) await askOfEach(gateway, compared.ask)
  const [ofOurs, ofGrown] = [inTurn(ours.clients), inTurn(grown.clients)]
  const seen = await interleave(
    {
      beside: () => load(beside, { lanes, ms }, () => compared.askBeside(ofOurs(), first)),
      ours: () => load(ours, { lanes, ms }, () => compared.ask(ofOurs())),
      grown: () => load(grown, { lanes, ms }, () => compared.ask(ofGrown())),
    },
    { rounds, warmUps: 2 },
  )
  for (const program of [beside, ours, grown]) await program.stop()
  return [
    ...Object.entries(aims).map(([figure, aim]) =>
      compare({ bench, figure, ...(aim && { aim }) }, seen.ours, seen.beside),
    ),
    compare(
      { bench: `${bench}, grown`, figure: 'CPU µs', aim: atMost(1.1) },
      seen.grown,
      seen.ours,
    ),
    compare({ bench: `${bench}, grown`, figure: 'p99 ms' }, seen.grown, seen.ours),
  ]
}
