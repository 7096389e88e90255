import { call, openGateway } from '../gateway.ts'
import { forgetPeak, peakMb, residentMb, startProgram, type Running } from '../processes.ts'
import type { Asked } from '../load.ts'
import type { Bench } from '../settings.ts'
import { atMost, compare, interleave, type Side } from '../side-by-side.ts'

/** How long Bridge thinks about a page: not at all, which shows our own work, and as a server nearby would. */
const thoughts = [0, 40]

/** Ten thousand transactions in one call, beside a loop that fetches the same twenty pages. */
export const tenThousandTransactions: Bench = async (settings) => {
  const rows = []
  for (const thinkMs of thoughts) {
    const bridge = await startProgram('bridge', { args: [String(thinkMs)] })
    const place = { ...settings, bridge: bridge.url }
    const ours = await openGateway(place, settings.small)
    const grown = await openGateway(place, settings.kept)
    const beside = await startProgram('pages-loop', { args: [bridge.url] })
    const ask = ({ clients }: typeof ours) =>
      call(clients[0]!, 'get_bank_transactions', { user: clients[0]!.user })
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
      compare({ bench, figure: 'ms', aim: atMost(1.15) }, seen.ours, seen.beside),
      compare({ bench: `${bench}, grown`, figure: 'ms', aim: atMost(1.1) }, seen.grown, seen.ours),
      compare(
        { bench, figure: 'peak MB over the body', aim: atMost(4) },
        seen.ours,
        seen.ours.map(({ body }) => ({ 'peak MB over the body': body! })),
      ),
    )
  }
  return rows
}

/** Asks once and reads the answer to its end; how much more memory the program held meanwhile than before. */
const oneCall =
  ({ url, pid }: Running, { path, headers }: Asked): Side =>
  async () => {
    forgetPeak(pid)
    const before = residentMb(pid)
    const start = performance.now()
    const answer = await fetch(`${url}${path}`, headers ? { headers } : {})
    const bytes = (await answer.arrayBuffer()).byteLength
    const ms = performance.now() - start
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
    return { ms, body: bytes / 2 ** 20, 'peak MB over the body': peakMb(pid) - before }
  }
