import { inTurn, database, openGateway, webhook, webhookSecret } from '../gateway.ts'
import { load } from '../load.ts'
import { answered, startProgram } from '../processes.ts'
import type { Bench } from '../settings.ts'
import { siteAddress } from '../sites.ts'
import { atLeast, atMost, compare, interleave } from '../side-by-side.ts'

const lanes = 64

/** Endpoints that are left alone: a delivery is stored with each event, and none is tried. */
const heldEndpoints = { webhookUrl: (site: number) => siteAddress(site, 9), holdEndpoints: true }

/** Every sync of the disk takes two milliseconds longer, as on a disk that does sync. */
const slowDisk =
  'strace -f --seccomp-bpf -e trace=fsync,fdatasync -o /dev/null -e inject=fsync,fdatasync:delay_exit=2000'.split(
    ' ',
  )

/** A webhook stored, with its delivery, before its 200, and applied; beside a route that checks the signature and stores nothing. */
export const webhookAccepted: Bench = async (settings) => {
  const { rounds, roundMs: ms } = settings
  const ours = await openGateway(settings, { ...settings.small, ...heldEndpoints })
  const grown = await openGateway(settings, { ...settings.kept, ...heldEndpoints })
  const args = [webhookSecret]
  const beside = await startProgram('signature-only', { args })
  const small = await database(settings, { ...settings.small, ...heldEndpoints })
  const kept = await database(settings, { ...settings.kept, ...heldEndpoints })
  const rowsOf = { args: [String(ms * 10)] } // about as many as ours takes in a round
  const alone = await startProgram('rows-alone', { ...rowsOf, env: small.env })
  const owing = await database(settings, { ...settings.small, ...heldEndpoints })
  const owingGrown = await database(settings, { ...settings.kept, ...heldEndpoints })
  const duties = await startProgram('webhook-duties', { args, env: owing.env })
  const dutiesGrown = await startProgram('webhook-duties', { args, env: owingGrown.env })
  const [ofDuties, ofDutiesGrown] = [inTurn(owing.clients), inTurn(owingGrown.clients)]
  const aloneGrown = await startProgram('rows-alone', { ...rowsOf, env: kept.env })
  const [ofOurs, ofGrown] = [inTurn(ours.clients), inTurn(grown.clients)]
  const how = { lanes, ms }
  const seen = await interleave(
    {
      beside: () => load(beside, how, () => webhook(ofOurs())),
      ours: () => load(ours, { ...how, afterwards: ours.settled }, () => webhook(ofOurs())),
      grown: () => load(grown, { ...how, afterwards: grown.settled }, () => webhook(ofGrown())),
      duties: () => load(duties, how, () => webhook(ofDuties())),
      dutiesGrown: () => load(dutiesGrown, how, () => webhook(ofDutiesGrown())),
      alone: () => answered(alone),
      aloneGrown: () => answered(aloneGrown),
    },
    { rounds, warmUps: 2 },
  )
  for (const program of [beside, ours, grown, duties, dutiesGrown, alone, aloneGrown])
    await program.stop()
  for (const { remove } of [small, kept, owing, owingGrown]) remove()
  const bench = 'webhook accepted'
  return [
    compare({ bench, figure: 'CPU µs' }, seen.ours, seen.beside),
    compare({ bench, figure: 'requests/s' }, seen.ours, seen.beside),
    compare({ bench, figure: 'p99 ms' }, seen.ours, seen.beside),
    compare({ bench: `${bench}: its rows alone`, figure: 'CPU µs' }, seen.alone, seen.beside),
    compare({ bench: `${bench}: its duties alone`, figure: 'CPU µs' }, seen.duties, seen.beside),
    compare(
      { bench: `${bench}, beside its duties`, figure: 'CPU µs', aim: atMost(1.25) },
      seen.ours,
      seen.duties,
    ),
    compare(
      { bench: `${bench}, grown`, figure: 'CPU µs', aim: atMost(1.1) },
      seen.grown,
      seen.ours,
    ),
    compare(
      { bench: `${bench}, grown: its duties alone`, figure: 'CPU µs' },
      seen.dutiesGrown,
      seen.duties,
    ),
    compare(
      { bench: `${bench}, grown: its rows alone`, figure: 'CPU µs' },
      seen.aloneGrown,
      seen.alone,
    ),
  ]
}

/** The same on a disk whose syncs take 2 ms, beside one commit for each event. */
export const webhookAcceptedSlowDisk: Bench = async (settings) => {
  const { rounds, roundMs: ms } = settings
  const holdings = { ...settings.small, ...heldEndpoints }
  const ours = await openGateway(settings, holdings, { under: slowDisk })
  const { clients, env, remove } = await database(settings, holdings)
  const beside = await startProgram('commit-each', { env, under: slowDisk })
  const ofOurs = inTurn(ours.clients)
  const how = { lanes, ms }
  const ofBeside = inTurn(clients)
  const seen = await interleave(
    {
      beside: () => load(beside, how, () => webhook(ofBeside())),
      ours: () => load(ours, { ...how, afterwards: ours.settled }, () => webhook(ofOurs())),
    },
    { rounds },
  )
  await ours.stop()
  await beside.stop()
  remove()
  const bench = 'webhook accepted, syncs 2 ms slower'
  return [
    compare({ bench, figure: 'requests/s', aim: atLeast(3) }, seen.ours, seen.beside),
    compare({ bench, figure: 'p99 ms' }, seen.ours, seen.beside),
  ]
}
