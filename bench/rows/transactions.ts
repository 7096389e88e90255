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
        whole: oneCall(beside, whole),
        ours: oneCall(ours, ask(ours)),
        grown: oneCall(grown, ask(grown)),
      },
      { rounds: settings.rounds * 2, warmUps: 5 },
    )
    for (const program of [beside, ours, grown, bridge]) await program.stop()

    const bench = `10,000 transactions, Bridge ${thinkMs} ms a page`
    rows.push(
      compare({ bench, figure: 'ms', aim: atMost(1.15) }, seen.ours, seen.beside),
      compare(
        { bench: `${bench}: the loop, shape and answer`, figure: 'ms' },
        seen.whole,
        seen.beside,
      ),
      compare({ bench: `${bench}, grown`, figure: 'ms', aim: atMost(1.1) }, seen.grown, seen.ours),
    )
  }
  return [...rows, ...(await memoryOfOneCall(settings))]
}

/**
 * How much more than before a server holds at most during such a call, beside the size of the answer: its first call, a later
 * one, and the first of the loop that looks at the shape and writes the answer.
 */
async function memoryOfOneCall(settings: Settings): Promise<Row[]> {
  const seen: Record<'body' | 'first' | 'later' | 'loop', Figures[]> = {
    body: [],
    first: [],
    later: [],
    loop: [],
  }
  const figure = 'peak MB of a call'
  const peakOf = async (running: Running, asked: Asked): Promise<Figures & { body: number }> => {
    const before = residentMb(running.pid)
    forgetPeak(running.pid)
    const { body = Number.NaN } = await oneCall(running, asked)()
    return { [figure]: peakMb(running.pid) - before, body }
  }
  for (let round = 0; round < settings.rounds; round += 1) {
    const gateway = await openGateway(settings, settings.small)
    const loop = await startProgram('pages-loop', { args: [settings.bridge] })
    await wait(1_000)
    const first = await peakOf(gateway, ask(gateway))
    for (let call = 0; call < 5; call += 1) await oneCall(gateway, ask(gateway))()
    seen.body.push({ [figure]: first.body })
    seen.first.push(first)
    seen.later.push(await peakOf(gateway, ask(gateway)))
    seen.loop.push(await peakOf(loop, whole))
    await gateway.stop()
    await loop.stop()
  }
  const bench = '10,000 transactions, beside the answer'
  return [
    compare({ bench: `${bench}: a first call`, figure, aim: atMost(4) }, seen.first, seen.body),
    compare({ bench: `${bench}: a later call`, figure, aim: atMost(4) }, seen.later, seen.body),
    compare({ bench: `${bench}: the loop's first`, figure }, seen.loop, seen.body),
  ]
}

const whole: Asked = { method: 'GET', path: '/whole' }

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
