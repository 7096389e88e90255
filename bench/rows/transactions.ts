import { setTimeout as wait } from 'node:timers/promises'
import { call, openGateway, type Gateway } from '../gateway.ts'
import { forgetPeak, peakMb, residentMb, startProgram, type Running } from '../processes.ts'
import type { Asked } from '../load.ts'
import type { Bench, Settings } from '../settings.ts'
import { atMost, compare, interleave, type Figures, type Row, type Side } from '../side-by-side.ts'

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
    )
  }
  return [...rows, await memoryOfOneCall(settings)]
}

/** How much more than when idle a server holds at most during its first such call, beside the size of the answer. */
async function memoryOfOneCall(settings: Settings): Promise<Row> {
  const figure = 'peak MB of a first call'
  const [peaks, bodies]: [Figures[], Figures[]] = [[], []]
  for (let round = 0; round < settings.rounds; round += 1) {
    const gateway = await openGateway(settings, settings.small)
    await wait(1_000)
    const idle = residentMb(gateway.pid)
    forgetPeak(gateway.pid)
    const { body = Number.NaN } = await oneCall(gateway, ask(gateway))()
    peaks.push({ [figure]: peakMb(gateway.pid) - idle })
    bodies.push({ [figure]: body })
    await gateway.stop()
  }
  const bench = '10,000 transactions, beside the answer'
  return compare({ bench, figure, aim: atMost(4) }, peaks, bodies)
}

const ask = ({ clients }: Gateway): Asked =>
  call(clients[0]!, 'get_bank_transactions', { user: clients[0]!.user })

/** Asks once and reads the answer to its end. */
const oneCall =
  ({ url }: Running, { path, headers }: Asked): Side =>
  async () => {
    const start = performance.now()
    const answer = await fetch(`${url}${path}`, headers ? { headers } : {})
    const bytes = (await answer.arrayBuffer()).byteLength
    const ms = performance.now() - start
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
    return { ms, body: bytes / 2 ** 20 }
  }
