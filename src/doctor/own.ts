import type { FastifyInstance } from 'fastify'
import { systemClock } from '../clock.ts'
import { sandboxCredentials, type Config } from '../config.ts'
import type { Examination } from './examination.ts'
import { systemProbes, type Probes } from './probes.ts'

/** What a server that examines itself looks at. */
export const ownExamination = (
  { store, clock }: Pick<FastifyInstance, 'store' | 'clock'>,
  {
    config,
    bridgeOrigin,
    probes = systemProbes(config),
  }: { config: Config; bridgeOrigin: string; probes?: Probes | undefined },
): Examination => ({
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
})
