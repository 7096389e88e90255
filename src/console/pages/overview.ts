import { html, seen, type Html } from '../../html/html.ts'
import type { Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import type { SiteState } from '../../db/ports/overview.ts'
import type { Finding } from '../../doctor/finding.ts'
import { weekMs } from '../../durations.ts'
import type { Language } from '../../language.ts'
import { command } from '../../terminal/shell.ts'
import { sitesPerPage, type Overview } from '../facts/overview.ts'
import { bars, shares } from './charts.ts'
import { form, framed, type Frame } from './frame.ts'
import { overviewTexts } from './overview-texts.ts'
import { card, commandLine, linkTo, sentence, table, tag } from './elements.ts'
import { wordsFor, type Words } from './words.ts'

type Texts = (typeof overviewTexts)['en']

/** More findings of single sites than these stand behind one line. */
const openFindings = 3
/** How many findings are told; `doctor` tells all. */
const mostFindings = 10

/** How the whole installation is: what needs attention, then how it runs, then its sites, the worst first. */
export function overviewPage(frame: Frame, overview: Overview): Page {
  const text = overviewTexts[frame.language]
  const words = wordsFor(frame.language, overview.now)
  const body = html`${hand(frame, text, words, overview)}
    <div class="grid">
      ${bridge(text, words, overview)} ${deliveries(text, words, overview)}
      ${consents(text, words, overview)} ${installation(text, words, overview)}
    </div>
    ${sites(text, words, overview)}`
  return framed(frame, text.title, body)
}

function hand(frame: Frame, text: Texts, words: Words, { examined }: Overview): Html {
  const again = form(frame, '/console/examine', html`<button class="quiet">${text.again}</button>`)
  if (!examined)
    return card(
      text.hand,
      html`<p>${text.lookingStill}</p>
        ${again}`,
    )
  const { findings, at } = examined
  const ours = findings.filter(({ of }) => of === undefined)
  const ofSites = findings.filter(({ of }) => of !== undefined)
  return card(
    text.hand,
    html`${findings.length === 0 && html`<p>${tag('good', text.well)}</p>`}
      ${ours.length > 0 && list(frame.language, ours)}
      ${
        ofSites.length > openFindings
          ? folded(frame.language, words, ofSites)
          : ofSites.length > 0 && list(frame.language, ofSites)
      }
      <div class="foot"><span class="soft">${text.looked} ${words.ago(at)}</span>${again}</div>`,
  )
}

/** Of hundreds of sites there may be a finding each: they stand behind one line, and in the list below. */
function folded(language: Language, words: Words, findings: readonly Finding[]): Html {
  const text = overviewTexts[language]
  const more = findings.length - mostFindings
  const [worst] = findings
  return html`<details>
    <summary>
      ${levelTag(text, worst!)} <strong>${text.ofSites(words.number(findings.length))}</strong>
    </summary>
    ${list(language, findings.slice(0, mostFindings))}
    ${
      more > 0 &&
      html`<p>${text.more(words.number(more))}</p>
        ${commandLine(command`doctor`)}`
    }
  </details>`
}

const list = (language: Language, findings: readonly Finding[]): Html =>
  html`<ul class="findings">
    ${findings.map((one) => {
      const { check, message, remedy } = (language === 'fr' && one.french) || one
      return html`<li>
        ${levelTag(overviewTexts[language], one)}
        <span><strong>${seen(check)}</strong> ${sentence(message)}</span>
        ${remedy !== undefined && html`<p>${sentence(remedy)}</p>`}
        ${one.run !== undefined && commandLine(one.run)}
      </li>`
    })}
  </ul>`

const levelTag = ({ levels }: Texts, { level }: Finding): Html =>
  level === 'critical' ? tag('bad', levels.critical) : tag('warn', levels.warning)

function bridge(text: Texts, words: Words, { bridge: status }: Overview): Html {
  const { quota, breaker, credentials, recent } = status
  const left = Math.max(0, Math.floor(quota.available))
  const tone = left < quota.burst / 10 ? 'bad' : left < quota.burst / 3 ? 'warn' : 'good'
  const slow = recent.slowMs === null ? null : text.slow(words.lasting(recent.slowMs))
  return card(
    text.bridge,
    html`${breaker.open && html`<p>${tag('bad', text.down)} ${words.ago(breaker.since)}</p>`}
    ${
      credentials.refused &&
      html`<p>${tag('bad', text.refused)} ${words.ago(credentials.refusedSince)}</p>`
    }
    ${shares(`${text.left}: ${left}/${quota.burst}`, [
      { tone, label: text.left, count: left, said: words.number(left) },
      {
        tone: 'rest',
        label: text.spent,
        count: quota.burst - left,
        said: words.number(quota.burst - left),
      },
    ])}
    ${detailList([
      [text.waiting, quota.waiting > 0 && words.number(quota.waiting)],
      [
        text.answers,
        recent.medianMs !== null &&
          html`${words.lasting(recent.medianMs)} <small class="soft">${slow}</small>`,
      ],
      [
        text.failed,
        recent.count > 0 && text.ofCalls(words.number(recent.failed), words.number(recent.count)),
      ],
    ])}`,
  )
}

function deliveries(text: Texts, words: Words, { figures, lately }: Overview): Html {
  const { delivered, pending, dead } = lately
  const share = (tone: 'good' | 'warn' | 'bad', state: keyof Texts['states'], count: number) => ({
    tone,
    label: text.states[state],
    count,
    said: words.number(count),
    href: `/console/events?hours=24&state=${state}`,
  })
  const parts = [
    share('good', 'delivered', delivered),
    share('warn', 'pending', pending),
    share('bad', 'dead', dead),
  ]
  const label = parts.map(({ label: name, said }) => `${name}: ${said}`).join(', ')
  return card(
    text.deliveries,
    html`${shares(label, parts)}
    ${detailList([
      [text.allPending, words.number(figures.deliveries.pending)],
      [text.allDead, words.number(figures.deliveries.dead)],
      [text.unhandled, figures.unhandledEvents > 0 && words.number(figures.unhandledEvents)],
    ])}`,
  )
}

function consents(text: Texts, words: Words, { consents: counted, now }: Overview): Html {
  const { byWeek, ended } = counted
  const drawn = byWeek.map((count, week) => {
    const from = now + week * weekMs
    const mark = words.day(from)
    return {
      count,
      tone: week < 2 ? ('warn' as const) : ('main' as const),
      said: text.week(words.number(count), mark),
      mark: week % 5 === 0 ? mark : undefined,
    }
  })
  const soon = byWeek.slice(0, 2).reduce((sum, count) => sum + count, 0)
  const later = byWeek.slice(2).reduce((sum, count) => sum + count, 0)
  const label = `${text.consents}: ${text.soon} ${soon}, ${text.later} ${later}`
  return card(
    text.consents,
    html`${bars(label, drawn)}
      <ul class="key">
        <li class="bad">${text.ended} <strong>${words.number(ended)}</strong></li>
        <li class="warn">${text.soon} <strong>${words.number(soon)}</strong></li>
        <li class="main">${text.later} <strong>${words.number(later)}</strong></li>
      </ul>`,
  )
}

function installation(text: Texts, words: Words, { figures, copiedAt, members }: Overview): Html {
  const { tenants, sites: siteCount, items } = figures
  return card(
    text.installation,
    detailList([
      [
        text.copy,
        copiedAt === undefined
          ? text.othersCopy
          : copiedAt === null
            ? tag('bad', text.noCopy)
            : words.ago(copiedAt),
      ],
      [
        text.servers,
        members.length === 0
          ? text.alone
          : members.map(({ host, pid, seenAt, isLiving }) => {
              const name = text.living(seen(host), pid)
              return html`<div>
                ${name} ${!isLiving && html`${tag('warn', text.silent)} ${words.ago(seenAt)}`}
              </div>`
            }),
      ],
      [text.kept, text.held(words.number(tenants), words.number(siteCount), words.number(items))],
    ]),
  )
}

function sites(text: Texts, words: Words, { sites: shown, figures }: Overview): Html {
  const { page, rows } = shown
  const create = command`key create --tenant ${'TENANT'} --site ${'erp.example.com'}`
  if (rows.length === 0)
    return card(
      text.sites,
      html`<p>${text.noSites}</p>
        ${commandLine(create)}`,
    )
  const last = Math.ceil(figures.sites / sitesPerPage)
  const link = (to: number, name: string) =>
    to >= 1 && to <= last && html`<a href="${`?page=${to}`}">${name}</a>`
  return card(
    text.sites,
    html`${table(
      text.sites,
      text.columns,
      rows.map((row) => siteCells(text, words, row)),
    )}
    ${
      last > 1 &&
      html`<nav class="foot" aria-label="${text.pageOf(String(page), String(last))}">
        <span class="soft">${text.pageOf(words.number(page), words.number(last))}</span>
        <span class="pages"
          >${link(page - 1, text.pages.previous)} ${link(page + 1, text.pages.next)}</span
        >
      </nav>`
    }`,
  )
}

function siteCells(text: Texts, words: Words, site: SiteState) {
  const { calls, webhooks } = site.failed
  const failed = [
    calls > 0 && text.failedCalls(words.number(calls)),
    webhooks > 0 && text.failedWebhooks(words.number(webhooks)),
  ].filter((one) => one !== false)
  return [
    html`<strong>${linkTo('site', site.id, seen(site.name))}</strong>
      <small class="soft">${seen(site.tenant)}</small>`,
    stateOf(text, words, site),
    words.ago(site.lastCallAt),
    site.lastDelivery
      ? html`${words.ago(site.lastDelivery.at)}
          <small class="soft">${text.states[site.lastDelivery.state]}</small>`
      : words.ago(null),
    failed.length > 0 ? failed.map((one) => html`<div>${one}</div>`) : words.ago(null),
    words.number(site.items),
    words.ago(site.consentEndsAt),
  ]
}

function stateOf({ state: text }: Texts, words: Words, site: SiteState): Html {
  if (site.isTenantDisabled) return tag('none', text.tenantDisabled)
  if (site.disabledAt !== null)
    return html`${tag('bad', text.disabled)} <small>${words.ago(site.disabledAt)}</small>`
  if (site.failingSince !== null)
    return html`${tag('warn', text.failing)} <small>${words.ago(site.failingSince)}</small>`
  if (site.asking > 0) return tag('warn', text.asking(words.number(site.asking)))
  return site.hasWebhookUrl ? tag('good', text.well) : tag('none', text.noUrl)
}
