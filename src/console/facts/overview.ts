import type { FastifyInstance } from 'fastify'
import type { BridgeStatus } from '../../bridge/admission/bridge-status.ts'
import type { Clock } from '../../clock.ts'
import { isLiving } from '../../cluster/liveness.ts'
import { askingAt } from '../../connect/item-status.ts'
import type { Figures } from '../../db/ports/figures.ts'
import type { OverviewStore, SiteState } from '../../db/ports/overview.ts'
import { consentMs } from '../../db/rules/consent-end.ts'
import type { Store } from '../../db/store.ts'
import { dayMs, secondMs, weekMs } from '../../durations.ts'
import { oneLook } from '../../one-look.ts'
import type { Examined, Examiner } from '../examined.ts'

export const sitesPerPage = 25
/** How many weeks of consents are drawn: as long as one lasts. */
const consentWeeks = Math.ceil(consentMs / weekMs)

/** How long one count serves all who look. */
const freshMs = 30 * secondMs

/** How the whole installation is, at a moment. */
export interface Overview {
  now: number
  examined: Examined | undefined
  bridge: BridgeStatus & { recent: BridgeCalls }
  figures: Figures
  /** What became of the webhooks of the last day. */
  lately: Awaited<ReturnType<OverviewStore['countLately']>>
  consents: { ended: number; byWeek: number[] }
  /** When the database was last copied; null: never. Undefined where copies are not ours to make. */
  copiedAt: number | null | undefined
  members: { host: string; pid: number; seenAt: number; isLiving: boolean }[]
  sites: { page: number; rows: SiteState[] }
}

/** How Bridge answered what the newest calls asked of it. */
interface BridgeCalls {
  count: number
  failed: number
  medianMs: number | null
  /** Nineteen of twenty took no longer. */
  slowMs: number | null
}

interface OverviewDeps {
  store: Store
  clock: Clock
  bridgeStatus: FastifyInstance['bridgeStatus']
  examiner: Examiner
  copies: FastifyInstance['copies']
}

/** Reads what the page shows. What it counts is some seconds old when several look. */
export function overviewReader({ store, clock, bridgeStatus, examiner, copies }: OverviewDeps) {
  const glance = oneLook(clock, freshMs, async (now) => ({
    figures: await store.readFigures(now),
    lately: await store.countLately(now - dayMs),
    consents: await store.countConsentEnds({ from: now, stepMs: weekMs, steps: consentWeeks }),
    recent: recentCalls(await store.listCalls({}, { limit: 200 })),
  }))
  return async (page: number): Promise<Overview> => {
    // Before the page's own time: a first look takes a moment.
    const examined = await examiner.latest()
    const now = clock.now()
    const { figures, lately, consents, recent } = await glance()
    const last = Math.max(1, Math.ceil(figures.sites / sitesPerPage))
    const shown = Math.min(Math.max(1, page), last)
    const rows = await store.listSiteStates(
      { limit: sitesPerPage, offset: (shown - 1) * sitesPerPage },
      {
        failedSince: now - dayMs,
        asking: askingAt(now),
      },
    )
    const members = store.isShared ? await store.listMembers() : []
    return {
      now,
      examined,
      bridge: { ...(await bridgeStatus()), recent },
      figures,
      lately,
      consents: { ended: consents.ended, byWeek: consents.byStep },
      copiedAt: copies?.areMade ? ((await copies.newestAt(now)) ?? null) : undefined,
      members: members.map((each) => ({ ...each, isLiving: isLiving(each, now) })),
      sites: { page: shown, rows },
    }
  }
}

function recentCalls(calls: Awaited<ReturnType<Store['listCalls']>>): BridgeCalls {
  const steps = calls.flatMap(({ bridge }) => bridge)
  const took = steps.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const at = (part: number): number | null => took[Math.floor((took.length - 1) * part)] ?? null
  return {
    count: steps.length,
    failed: steps.filter(({ status }) => status === null || status >= 500 || status === 429).length,
    medianMs: at(0.5),
    slowMs: at(0.95),
  }
}
