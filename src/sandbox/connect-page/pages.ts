import { html, type Html } from '../../html/html.ts'
import { icons } from '../../html/icons.ts'
import type { Page } from '../../html/page.ts'
import { accountKinds, sharedAccounts } from '../account-kinds.ts'
import { itemOf } from '../connect.ts'
import { demoBank, describe } from '../demo-bank.ts'
import { providers } from '../providers.ts'
import { layout } from './layout.ts'
import { logins, texts } from './texts.ts'
import type { Box } from '../box.ts'
import type { Language } from '../../language.ts'
import type { Item, Session } from '../state.ts'

/** What a page is drawn from. */
interface View {
  session: Session
  item: Item | undefined
  language: Language
}

const pages: Record<Session['phase'], (view: View) => Page> = {
  bank: bankPage,
  credentials: credentialsPage,
  code: codePage,
  wait: waitPage,
  confirm: confirmPage,
  failed: failedPage,
  success: successPage,
  ended: ({ language }) => endPage({ success: true }, language),
}

/** The page of the step a session is at. */
export function sessionPage(box: Box, session: Session, language: Language): Page {
  return pages[session.phase]({ session, item: itemOf(box, session), language })
}

function bankPage({ session, language }: View): Page {
  const text = texts[language]
  const first = (id: number): number => (id === demoBank ? 0 : 1)
  const banks = providers
    .filter(({ capabilities }) => capabilities.includes('aggregation'))
    .toSorted((a, b) => first(a.id) - first(b.id))
    .map(({ id, name, country_code: country }) => {
      const open = id === demoBank
      return html`<button class="bank ${open ? 'open' : ''}" name="provider_id" value="${id}">
        <span>${name}</span><small>${open ? country : text.unconnectableTag}</small>
      </button>`
    })
  return layout(language, {
    title: text.chooseBank,
    body: html`<h1>${text.chooseBank}</h1>
      <p>${text.chooseHint}</p>
      ${notice(session, language)}${form('bank', html`${banks}`)}${leaveLink(session, language)}`,
  })
}

function credentialsPage({ session, language }: View): Page {
  const text = texts[language]
  const tries = logins.map(
    (one) => html`<li><code>${one.login}</code><span>${one[language]}</span></li>`,
  )
  const fields = html` <label for="login">${text.login}</label>
    <input
      id="login"
      name="login"
      required
      maxlength="200"
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
      autofocus
    />
    <label for="password">${text.password} <small>${text.passwordHint}</small></label>
    <input
      id="password"
      name="password"
      type="password"
      required
      maxlength="200"
      autocomplete="off"
    />
    <button>${text.continue}</button>`
  return layout(language, {
    title: text.signIn,
    body: html`<h1>Demo Bank — ${text.signIn}</h1>
      ${notice(session, language)} ${form('credentials', fields)}
      <details>
        <summary>${text.scenarios}</summary>
        <ul class="list">
          ${tries}
        </ul>
      </details>
      ${leaveLink(session, language)}`,
  })
}

function codePage({ session, language }: View): Page {
  const text = texts[language]
  const fields = html`<label for="code">${text.code}</label>
    <input
      id="code"
      name="code"
      required
      maxlength="50"
      inputmode="numeric"
      autocomplete="one-time-code"
      autofocus
    />
    <button>${text.continue}</button>`
  return layout(language, {
    title: text.codeTitle,
    body: html`<h1>${text.codeTitle}</h1>
      <p>${text.codeHint}</p>
      ${notice(session, language)} ${form('code', fields)}${leaveLink(session, language)}`,
  })
}

/** Goes on after three seconds through a link of its own, as a form cannot send itself without a script. */
function waitPage({ session, language }: View): Page {
  const text = texts[language]
  const next = pathTo(session, language, '/wait')
  return layout(language, {
    title: text.wait,
    head: html`<meta http-equiv="refresh" content="3;url=${next}" />`,
    body: html`${icons.wait}
      <h1>${text.wait}</h1>
      <p role="status">${text.waitHint}</p>
      ${form('wait', html`<button>${text.waitGo}</button>`)}${leaveLink(session, language)}`,
  })
}

function confirmPage({ session, item, language }: View): Page {
  const text = texts[language]
  const hint = item?.status === 429 ? text.confirmBank : text.confirmHint
  return layout(language, {
    title: text.confirm,
    body: html`<h1>${text.confirm}</h1>
      <p>${hint}</p>
      ${form('confirm', html`<button>${text.renew}</button>`)}${leaveLink(session, language)}`,
  })
}

function failedPage({ session, item, language }: View): Page {
  const text = texts[language]
  const why = describe(item?.status ?? 0, language)
  return layout(language, {
    title: text.failed,
    body: html`${icons.problem}
      <h1>${text.failed}</h1>
      ${notice(session, language)}
      <p>${why} <small>${item?.status} ${item?.info}</small></p>
      ${form('failed', html`<button>${text.retry}</button>`)}${leaveLink(session, language)}`,
  })
}

function successPage({ item, language }: View): Page {
  const text = texts[language]
  const accounts = sharedAccounts(item?.accountTypes ?? 'payment')
    .flatMap((position) => accountKinds[position] ?? [])
    .map(
      ({ name, pro }) => html`<li><span>${name}</span><small>${pro ? text.pro : ''}</small></li>`,
    )
  return layout(language, {
    title: text.success,
    body: html`${icons.done}
      <h1>${text.success}</h1>
      <p>${text.successHint}</p>
      <ul class="list">
        ${accounts}
      </ul>
      ${form('success', html`<button>${text.finish}</button>`)}`,
  })
}

/** What a person reads at the end when the session has no callback. */
export function endPage(end: { success: boolean }, language: Language): Page {
  const text = texts[language]
  const title = end.success ? text.success : text.left
  return layout(language, {
    title,
    body: html`${end.success ? icons.done : icons.problem}
      <h1>${title}</h1>
      <p>${text.closed}</p>`,
    isOver: true,
  })
}

/** What a person reads when a link is unknown (404), over (410) or a form is odd. */
export function problemPage(status: number, language: Language): Page {
  const text = texts[language]
  const title = status === 404 ? text.unknown : status === 410 ? text.over : text.broken
  return layout(language, {
    title,
    body: html`${status === 410 ? icons.wait : icons.problem}
      <h1>${title}</h1>
      <p>${text.closed}</p>`,
  })
}

const pathTo = ({ token }: Session, language: Language, place: string): string =>
  `/session/${encodeURIComponent(token)}${place}?lang=${language}`

function form(step: string, fields: Html): Html {
  return html`<form method="post">
    <input type="hidden" name="step" value="${step}" />${fields}
  </form>`
}

function notice(session: Session, language: Language): Html | undefined {
  if (session.notice === undefined) return undefined
  return html`<div class="notice" role="alert">${texts[language][session.notice]}</div>`
}

const leaveLink = (session: Session, language: Language): Html =>
  html`<a class="leave" href="${pathTo(session, language, '/leave')}">${texts[language].leave}</a>`
