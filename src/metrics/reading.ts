import { stat } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { freeBytesAt, type Readiness } from '../cluster/readiness.ts'
import { oneLook } from '../one-look.ts'
import type { GaugeValues } from './gauges.ts'

/** How long one look at the database serves all who scrape. */
const freshMs = 5_000

/** Reads what the gauges show, at most every five seconds of the clock. */
export function readerFor(
  app: Pick<
    FastifyInstance,
    'store' | 'clock' | 'bridgeStatus' | 'membership' | 'leader' | 'copies' | 'log'
  >,
  {
    config,
    readiness,
    file,
  }: {
    config: Config
    readiness: () => Promise<Readiness>
    /** The database's, where it is in one: there is a size to measure. */
    file: string | undefined
  },
): () => Promise<GaugeValues> {
  // A copy that should exist and does not counts as infinitely old: if the number were left out, no rule would fire.
  const noCopy = app.copies?.areMade ? 0 : undefined

  /** What cannot be read is left out: without an answer we would be taken for dead. */
  const figures = (now: number): Promise<GaugeValues['figures']> =>
    app.store.readFigures(now).catch((error: unknown) => {
      app.log.error({ room: 'metrics', err: error }, 'figures not read')
      return undefined
    })

  async function read(now: number): Promise<GaugeValues> {
    const { quota, breaker, credentials } = await app.bridgeStatus()
    const { ready, checks } = await readiness()
    // When the database is away, that alone is known: whoever scrapes must not wait to hear it.
    const isAway = app.store.isShared && checks['database']?.ok === false
    return {
      now,
      figures: isAway ? undefined : await figures(now),
      ready,
      members: app.membership.living(),
      leads: app.leader.isLeader(),
      quotaLeft: quota.available,
      quotaLimit: quota.burst,
      bridgeUp: !breaker.open && credentials.refusedSince === null,
      ...(file !== undefined && {
        databaseBytes: await databaseBytes(file),
        diskFreeBytes: await freeBytesAt(config.dataDir).catch(() => undefined),
      }),
      backupAt: (await app.copies?.newestAt(now)) ?? noCopy,
    }
  }

  return oneLook(app.clock, freshMs, read)
}

async function databaseBytes(file: string): Promise<number> {
  const sizes = [file, `${file}-wal`].map((path) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
