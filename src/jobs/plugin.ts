import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import type { Served } from '../bridge/admission/bridge-status.ts'
import { startLoop } from '../loop.ts'
import { tellActions } from './action-required.ts'
import { remind } from './consent-reminders.ts'
import { createMailer, type MailServer } from '../mail/mailer.ts'
import { mailReminders } from './reminder-mails.ts'
import { createCatchUp } from './catch-up.ts'
import { monthOf } from '../db/rules/usage-month.ts'
import { hourMs, minuteMs, secondMs } from '../durations.ts'
import { tellStale } from './stale-items.ts'
import { createComparison } from './account-changes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** One round of each job; the loops repeat them. */
    jobs: Jobs
  }
}

interface Jobs {
  /** Tells sites what changed and what did not come: status, refreshes. */
  tell(): Promise<boolean>
  /** Tells sites of consents that end soon. */
  remind(): Promise<boolean>
  /** Compares accounts after a visit. */
  compare(): Promise<boolean>
  /** Asks for items of which nothing was heard. */
  catchUp(): Promise<boolean>
  /** Counts the connections of a month that began, and new ones. */
  countConnections(): Promise<boolean>
  /** Mails people whose consents end; does nothing without a mail server. */
  mail(): Promise<boolean>
  /** Counts consents that were renewed, before their end and after. */
  countRenewals(): Promise<boolean>
  /** Writes down how we stand with Bridge, when that changed. */
  saveBridgeStatus(): Promise<boolean>
}

/** How many connections are counted in one commit, or looked at for renewals. */
const batch = 200

/** Keeps connections in order; the loops run when `workers` are on. */
const plugin: FastifyPluginCallback<
  { workers: boolean; isSandbox: boolean; mailServer: MailServer | undefined } & Served
> = (app, { workers, isSandbox, publicUrl, bridgeOrigin, mailServer }, done) => {
  const log = app.log.child({ room: 'jobs' })
  const { store, bridge, clock, ids, keyring, isClockInDoubt } = app
  const stopping = new AbortController()
  const { signal } = stopping
  const deps = { store, bridge, clock, ids, keyring, publicUrl, signal, log }
  const catchUp = createCatchUp(deps)
  // By a clock that is ahead many consents are about to end, and each site is told once: a server waits until Bridge said
  // what time it is, which it does within a second of the start.
  const isTimeSure = () => !isClockInDoubt() && (!workers || app.bridgeTime.aheadMs() !== undefined)
  const mailing = mailServer && {
    ...deps,
    mailer: createMailer(mailServer),
    observe: app.metrics,
  }
  const jobs: Jobs = {
    async tell() {
      const moreToTell = await tellActions(deps)
      if (!isTimeSure()) return moreToTell
      const moreStale = await tellStale(deps)
      return moreToTell || moreStale
    },
    remind: async () => isTimeSure() && (await remind(deps)),
    compare: createComparison(deps),
    // By a clock that is ahead nobody was heard of for long.
    catchUp: async () => !isClockInDoubt() && (await catchUp()),
    // A month that has not begun would be counted for good.
    countConnections: async () =>
      isTimeSure() && (await store.countConnections(monthOf(clock.now()), batch)) === batch,
    mail: async () => mailing !== undefined && isTimeSure() && (await mailReminders(mailing)),
    async countRenewals() {
      // By a clock that is ahead each renewal comes after the end.
      if (!isTimeSure()) return false
      const { looked, ...renewals } = await store.countRenewals(clock.now(), batch)
      app.metrics.consentsRenewed(renewals)
      return looked === batch
    },
    saveBridgeStatus: saver(app, { publicUrl, bridgeOrigin }),
  }
  app.decorate('jobs', jobs)

  if (workers) {
    const run = (name: string, tick: () => Promise<boolean>, idleMs: number) =>
      startLoop({
        after: app.lifecycle.begun,
        tick,
        idleMs,
        onError: (error) => log.error({ err: error, work: name }, 'job failed'),
      })
    const { only } = app.leader
    const catchingUp = run('catch-up', only(jobs.catchUp), hourMs)
    app.wakeups.on('lead', catchingUp.nudge)
    const loops = [
      run('tell', app.heartbeats.watch('jobs', only(jobs.tell)), 2 * secondMs),
      // Each look reads all consents that end within a month. In a sandbox somebody moved the clock, and waits.
      run('remind', only(jobs.remind), isSandbox ? 2 * secondMs : minuteMs),
      run('compare', only(jobs.compare), 2 * secondMs),
      catchingUp,
      run('usage', only(jobs.countConnections), minuteMs),
      ...(mailing ? [run('mail', only(jobs.mail), minuteMs)] : []),
      run('renewals', only(jobs.countRenewals), 10 * secondMs),
      run('bridge status', only(jobs.saveBridgeStatus), 5 * secondMs),
    ]
    app.addHook('onClose', async () => {
      stopping.abort()
      await Promise.all(loops.map((loop) => loop.stop()))
      await only(jobs.saveBridgeStatus)().catch((error: unknown) => {
        log.error({ err: error }, 'the status of Bridge was not saved')
      })
    })
  }
  done()
}
export default fp(plugin, {
  name: 'jobs',
  fastify: '5.x',
  dependencies: ['db', 'metrics', 'bridge', 'vault', 'cluster'],
})

type Deps = Pick<Parameters<typeof plugin>[0], 'store' | 'clock' | 'bridgeStatus' | 'wakeups'>

function saver({ store, clock, bridgeStatus, wakeups }: Deps, served: Served) {
  let last = ''
  // Whoever led meanwhile wrote something else.
  wakeups.on('lead', () => (last = ''))
  return async (): Promise<boolean> => {
    const now = await bridgeStatus()
    // What fills up by itself is no news.
    const { granted, refused, waiting } = now.quota
    const { breaker, credentials, clockInDoubt } = now
    const news = JSON.stringify([granted, refused, waiting, breaker, credentials, clockInDoubt])
    if (news === last) return false
    await store.saveBridgeStatus({ at: clock.now(), status: { ...now, served } })
    last = news
    return false
  }
}
