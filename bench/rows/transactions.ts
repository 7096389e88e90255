import { call, openGateway, type Gateway } from '../gateway.ts'
import { startProgram, type Running } from '../processes.ts'
import type { Asked } from '../load.ts'
import type { Bench } from '../settings.ts'
import { atMost, compare, interleave, type Side } from '../side-by-side.ts'

/** How long Bridge thinks about a page: not at all, which shows our own work, and as a server nearby would. */
const thoughts = [
  { thinkMs: 0, aim: atMost(1.1) },
  { thinkMs: 40, aim: atMost(1.05) },
]

/** Ten thousand transactions in one call, beside a loop that fetches the same twenty pages, looks at their shape and answers. */
export const tenThousandTransactions: Bench = async (settings) => {
  const rows = []
  for (const { thinkMs, aim } of thoughts) {
    const bridge = await startProgram('bridge', { args: [String(thinkMs)] })
    const place = { ...settings, bridge: bridge.url }
    const ours = await openGateway(place, settings.small)
    const grown = await openGateway(place, settings.kept)
    const beside = await startProgram('pages-loop', { args: [bridge.url] })
    const seen = await interleave(
      {
        beside: oneCall(beside, { method: 'GET', path: '/' }),
        ours: oneCall(ours, ask(ours)),
        grown: oneCall(grown, ask(grown)),
      },
      { rounds: settings.rounds * 2, warmUps: 5 },
    )
    for (const program of [beside, ours, grown, bridge]) await program.stop()

    const bench = `10,000 transactions, Bridge ${thinkMs} ms a page`
    rows.push(
      compare({ bench, figure: 'ms', aim }, seen.ours, seen.beside),
      compare({ bench: `${bench}, grown`, figure: 'ms', aim: atMost(1.1) }, seen.grown, seen.ours),
    )
  }
  return rows
}

const ask = ({ clients }: Gateway): Asked =>
  call(clients[0]!, 'get_bank_transactions', { user: clients[0]!.user })

/** Asks once and reads the answer to its end. */
const oneCall =
  ({ url }: Running, { path, headers }: Asked): Side =>
  async () => {
    const start = performance.now()
    const answer = await fetch(`${url}${path}`, headers ? { headers } : {})
    await answer.arrayBuffer()
    const ms = performance.now() - start
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
    return { ms }
  }
