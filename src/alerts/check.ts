import type { Clock } from '../clock.ts'
import type { AlertStore, OpenAlert } from '../db/ports/alerts.ts'
import type { Log } from '../logger.ts'
import { messageOf } from './message.ts'
import { NotTakenError, type AlertSender } from './sender.ts'
import { goingOn, type Sight, type Problem } from './problems.ts'

export interface CheckDeps {
  store: AlertStore
  clock: Clock
  /** All that needs a person now. */
  find(): Promise<Sight>
  sender: AlertSender
  /** What tells this installation from others. */
  where: string
  log: Pick<Log, 'warn'>
  /** Hundreds of sites take longer to look at than a stop should: it leaves the look where it is. */
  stopping: AbortSignal
}

/**
 * Looks once, and tells what is new and what is over, each once: a message that was not taken is sent again by the next look.
 * Two looks must agree, so that a name that does not resolve for a moment rouses nobody; where one did not come to a site, the
 * next that does is the second. Never more to do at once.
 */
export function createAlertCheck(deps: CheckDeps): () => Promise<boolean> {
  const { store, clock, find, sender, where, log, stopping } = deps
  let seen: ReadonlySet<string> = new Set()
  let missed: ReadonlySet<string> = new Set()
  /** What was told and could not be written down, as on a full disk: else each look would tell it again. */
  const unwritten = { begun: new Map<string, OpenAlert>(), over: new Set<string>() }

  const writeDown = async (): Promise<void> => {
    const { begun, over } = unwritten
    try {
      if (over.size > 0) await store.closeAlerts([...over])
      over.clear()
      if (begun.size > 0) await store.openAlerts([...begun.values()])
      begun.clear()
    } catch (error) {
      log.warn({ why: (error as Error).message }, 'what was told is not written down yet')
    }
  }

  /** Whether it was taken. */
  const isTaken = async (sending: Promise<void>, what: string): Promise<boolean> => {
    try {
      await sending
      return true
    } catch (error) {
      if (!(error instanceof NotTakenError)) throw error
      log.warn({ why: error.message }, `${what} was not taken`)
      return false
    }
  }

  return async () => {
    await isTaken(sender.ping('start'), 'the sign of a start')
    const { problems: now, unseen, isWhole, known } = await unlessStopped(find, stopping)
    const isUnseen = (about: string): boolean => unseen.has(about) || !(isWhole || known.has(about))
    await writeDown()
    const written = (await store.listOpenAlerts()).filter(({ about }) => !unwritten.over.has(about))
    const told = new Set([...written, ...unwritten.begun.values()].map(({ about }) => about))
    const lasting = now.filter(({ about }) => seen.has(about) || told.has(about))
    const fresh = lasting.filter(({ about }) => !told.has(about))
    const going = goingOn(now)
    const quiet = [...told].filter((about) => !going.has(about))
    const over = quiet.filter((about) => !isUnseen(about) && missed.has(about))
    seen = new Set([...now.map(({ about }) => about), ...[...seen].filter(isUnseen)])
    missed = new Set(quiet.filter((about) => !isUnseen(about) || missed.has(about)))

    if (fresh.length > 0) {
      const message = messageOf('new', where, fresh)
      if (await isTaken(sender.tell(message), 'an alert')) {
        for (const { about } of fresh) unwritten.begun.set(about, { about, toldAt: clock.now() })
        await writeDown()
      }
    }
    if (over.length > 0) {
      const things = over.map((about) => ({ about }))
      if (await isTaken(sender.tell(messageOf('over', where, things)), 'a recovery')) {
        for (const about of over) {
          unwritten.begun.delete(about)
          unwritten.over.add(about)
        }
        await writeDown()
      }
    }
    await giveSign(now, lasting)
    return false
  }

  /** Of the installation as a whole: one dead site among hundreds would make it red for ever. */
  async function giveSign(now: readonly Problem[], lasting: readonly Problem[]): Promise<void> {
    const ours = lasting.filter(({ isOfSite }) => !isOfSite)
    if (ours.length > 0) {
      const { message } = messageOf('new', where, ours)
      await isTaken(sender.ping('fail', message), 'the sign of a failure')
    } else if (now.every(({ isOfSite }) => isOfSite)) {
      await isTaken(sender.ping('success'), 'the sign of success')
    }
  }
}

/** What the work comes to, unless it is stopped before. The signal lasts as long as the process: nothing stays behind on it. */
async function unlessStopped<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const stopped = Promise.withResolvers<never>()
  const stop = (): void => stopped.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work(), stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
