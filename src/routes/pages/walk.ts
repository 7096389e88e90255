import { demoCommands, docsWithKey } from '../../demo/commands.ts'
import type { DemoKey } from '../../demo/demo-key.ts'
import { html, seen, type Html } from '../../html/html.ts'
import { icons, type IconName } from '../../html/icons.ts'
import { noticePage, type NoticeText } from '../../html/notice.ts'
import { page, type Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import { sandboxBanner, sandboxBannerStyle } from '../../html/sandbox-banner.ts'
import type { Language } from '../../language.ts'
import type { Money, Walk, WalkAccount, WalkTransaction } from '../walk.ts'
import { startStyle } from './start-style.ts'
import { walkTexts } from './walk-texts.ts'

interface About {
  language: Language
  /** The same page in the other language. */
  translation: string
}

/** Where a walk ends: what came of it, and once a bank is connected its accounts, transactions, and the calls that read them. */
export function walkPage(walk: Walk, about: About & { publicUrl: string; key: DemoKey }): Page {
  const { language, translation } = about
  const text = walkTexts[language]
  const { connected } = walk
  if (!connected) return endedOtherwise(walk, about)
  const { title, body } = text.connected(walk.bank === null ? text.unnamedBank : seen(walk.bank))
  return page({
    language,
    title,
    isCard: false,
    banner: sandboxBanner(language),
    body: html`${icons.done}
      <h1>${title}</h1>
      <p>${body}</p>
      ${what(connected, language)} ${nextCalls(walk.request, connected, about)}
      <form method="post" action="/demo"><button class="quiet">${text.again}</button></form>
      <ul class="ways">
        <li><a href="${docsWithKey(about.key)}">${text.docs}</a></li>
        <li><a href="/">${text.start}</a></li>
      </ul>`,
    translation,
    styles: [sandboxBannerStyle, startStyle],
  })
}

function endedOtherwise({ request, state, step }: Walk, about: About): Page {
  const text = walkTexts[about.language]
  if (state === 'completed') return unknownWalk(about) // and deleted since
  if (state === 'pending') {
    const way = html`<a class="button" href="/demo?request=${request}">${text.reload}</a>`
    return notice(text.pending, about, 'wait', way)
  }
  const details = detailList([[text.step, step && html`<code>${seen(step)}</code>`]])
  const way = html`<form method="post" action="/demo"><button>${text.retry}</button></form>
    <p class="small"><a href="/">${text.start}</a></p>`
  return notice(text.failed, about, 'problem', html`${details} ${way}`)
}

/** For a request that is nobody's, or another's: the same page. */
export const unknownWalk = (about: About): Page =>
  notice(
    walkTexts[about.language].unknown,
    about,
    'problem',
    html`<a class="button" href="/">${walkTexts[about.language].start}</a>`,
  )

/** It may post a form, as the page that the walk began on. */
const notice = (text: NoticeText, about: About, icon: IconName, details: Html): Page =>
  noticePage(text, {
    ...about,
    icon,
    details,
    parts: { banner: sandboxBanner(about.language), styles: [sandboxBannerStyle], policy: [] },
  })

type Connected = NonNullable<Walk['connected']>

function what({ accounts, transactions }: Connected, language: Language): Html {
  const text = walkTexts[language]
  const [first] = accounts
  return html`<div class="card two">
    <section>
      <h2>${text.accounts}</h2>
      <ul class="rows">
        ${accounts.map((one) => accountRow(one, language))}
      </ul>
    </section>
    <section>
      <h2>${text.newest} <small>${nameOf(first, language)}</small></h2>
      ${
        transactions.length === 0
          ? html`<p>${text.none}</p>`
          : html`<ul class="rows">
              ${transactions.map((one) => transactionRow(one, language))}
            </ul>`
      }
    </section>
  </div>`
}

const nameOf = (account: WalkAccount | undefined, language: Language): string =>
  account?.name == null ? walkTexts[language].unnamed : seen(account.name)

const accountRow = (account: WalkAccount, language: Language): Html =>
  html`<li>
    <span>${nameOf(account, language)}</span>
    <span class="amount">${written(account, language)}</span>
  </li>`

const transactionRow = (one: WalkTransaction, language: Language): Html =>
  html`<li>
    <span
      >${one.text === null ? walkTexts[language].unnamed : seen(one.text)}
      <small
        >${[dayOf(one.date, language), one.category].filter((part) => part !== null).join(' · ')}</small
      ></span
    >
    <span class="amount ${one.amount !== null && one.amount > 0 ? 'in' : ''}"
      >${written(one, language)}</span
    >
  </li>`

function nextCalls(
  request: string,
  { itemId, accounts }: Connected,
  { language, publicUrl, key }: About & { publicUrl: string; key: DemoKey },
): Html {
  const text = walkTexts[language]
  const commands = demoCommands(publicUrl, key)
  const [first] = accounts
  return html`<section class="card">
    <h2>${text.next}</h2>
    <p>${text.nextHint}</p>
    <pre tabindex="0">${commands.outcome(request)}</pre>
    <h3>${text.callAccounts}</h3>
    <pre tabindex="0">${commands.accounts(itemId)}</pre>
    ${
      first &&
      html`<h3>${text.callTransactions}</h3>
        <pre tabindex="0">${commands.transactions(first.id)}</pre>`
    }
  </section>`
}

const localeOf = (language: Language): string => (language === 'en' ? 'en-GB' : language)

/** An amount as people write it there; nothing is calculated. */
function written({ amount, currency }: Money, language: Language): string {
  if (amount === null) return ''
  const style = currency === null ? {} : ({ style: 'currency', currency } as const)
  return new Intl.NumberFormat(localeOf(language), style).format(amount)
}

function dayOf(date: string | null, language: Language): string | null {
  if (date === null) return null
  const format = { day: 'numeric', month: 'short', timeZone: 'UTC' } as const
  return new Intl.DateTimeFormat(localeOf(language), format).format(Date.parse(date))
}
