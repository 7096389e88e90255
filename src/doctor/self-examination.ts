import type { FastifyInstance } from 'fastify'
import { systemClock } from '../clock.ts'
import { sandboxCredentials, type Config } from '../config.ts'
import type { Examination } from './examination.ts'
import { examine } from './examine.ts'
import type { Finding } from './finding.ts'
import { systemProbes, type Probes } from './probes.ts'

/**
 * Makes what examines this server, each time it is called. Whoever acts on what is found has one to themselves: not every look
 * comes to every site, and the turn that a site had in another's is not missed there.
 */
export function createSelfExaminer(
  { store, clock }: Pick<FastifyInstance, 'store' | 'clock'>,
  {
    config,
    bridgeOrigin,
    probes = systemProbes(config),
  }: { config: Config; bridgeOrigin: string; probes?: Probes | undefined },
): () => Promise<Finding[]> {
  const examination: Examination = {
    config,
    store,
    clock,
    machineClock: systemClock,
    probes,
    isBrief: true,
    turns: new Set(),
    publicUrl: config.publicUrl,
    bridgeOrigin,
    credentials: config.secrets.bridge ?? sandboxCredentials,
  }
  return () => examine(examination)
}
