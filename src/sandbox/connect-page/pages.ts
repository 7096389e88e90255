import { html, type Html } from '../../html/html.ts'
import { icons } from '../../html/icons.ts'
import type { Page } from '../../html/page.ts'
import { accountKinds, sharedAccounts } from '../account-kinds.ts'
import { itemOf } from '../connect.ts'
import { demoBank, describe } from '../demo-bank.ts'
import { providers, type Provider } from '../providers.ts'
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
  /** One of the documented logins, to stand in the form; else empty. */
  login: string
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

/** The page of the step a session is at; `wanted` is the login that was chosen on it. */
export function sessionPage(
  box: Box,
  session: Session,
  { language, wanted = '' }: { language: Language; wanted?: string | undefined },
): Page {
  const login = logins.find((one) => one.login === wanted)?.login ?? ''
  return pages[session.phase]({ session, item: itemOf(box, session), language, login })
}

function bankPage({ session, language }: View): Page {
  const text = texts[language]
  const banks = providers.filter(({ capabilities }) => capabilities.includes('aggregation'))
  const open = banks.filter(({ id }) => id === demoBank)
  const closed = banks.filter(({ id }) => id !== demoBank)
  return layout(language, {
    title: text.chooseBank,
    body: html`<h1>${text.chooseBank}</h1>
      ${notice(session, language)} ${form('bank', html`${open.map((bank) => bankButton(bank))}`)}
      <h2>${text.unconnectables}</h2>
      ${closed.map((bank) => bankButton(bank, { isOpen: false }))} ${leaveLink(session, language)}`,
  })
}

const bankButton = (
  { id, name, country_code: country }: Provider,
  { isOpen = true }: { isOpen?: boolean } = {},
): Html =>
  isOpen
    ? html`<button class="bank" name="provider_id" value="${id}">
        <span>${name}</span><small>${country}</small>
      </button>`
    : html`<button class="bank" disabled><span>${name}</span><small>${country}</small></button>`

function credentialsPage({ session, language, login }: View): Page {
  const text = texts[language]
  const fields = html` <label for="login">${text.login}</label>
    <input
      id="login"
      name="login"
      value="${login}"
      required
      maxlength="200"
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
    />
    <label for="password">${text.password} <small>${text.passwordHint}</small></label>
    <input
      id="password"
      name="password"
      type="password"
      value="${login === '' ? '' : 'demo'}"
      required
      maxlength="200"
      autocomplete="off"
    />
    ${
      login === ''
        ? html`<button>${text.continue}</button>`
        : html`<button autofocus>${text.continue}</button>`
    }`
  return layout(language, {
    title: text.signIn,
    body: html`<h1>Demo Bank — ${text.signIn}</h1>
      ${notice(session, language)} ${form('credentials', fields)}
      <h2>${text.scenarios}</h2>
      <p>${text.scenariosHint}</p>
      <ul class="list logins">
        ${logins.map((one) => loginLink(one, language, login))}
      </ul>
      ${leaveLink(session, language)}`,
    words: { login },
  })
}

/** Puts a login into the form without a script: the page is asked for anew with it. */
function loginLink(one: (typeof logins)[number], language: Language, chosen: string): Html {
  const to = `?${new URLSearchParams({ lang: language, login: one.login }).toString()}`
  return html`<li>
    <a href="${to}" aria-current="${String(one.login === chosen)}"
      ><code>${one.login}</code> <span>${one[language]}</span></a
    >
  </li>`
}

function codePage({ session, language }: View): Page {
  const text = texts[language]
  const hint = session.challenge === 'otp_fail' ? text.codeRefusedHint : text.codeHint
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
      <p>${hint}</p>
      ${notice(session, language)} ${form('code', fields)}${leaveLink(session, language)}`,
  })
}

function waitPage({ session, language }: View): Page {
  const text = texts[language]
  return layout(language, {
    title: text.wait,
    body: html`<div class="waiting">${icons.wait}</div>
      <h1>${text.wait}</h1>
      <p role="status"><strong>${text.waiting}</strong> ${text.waitHint}</p>
      ${form('wait', html`<button>${text.waitGo}</button>`)}${leaveLink(session, language)}`,
  })
}

/** Where the page goes on by itself, as a form cannot send itself without a script: a value of the header Refresh. */
export const refreshOf = (session: Session, language: Language): string | undefined =>
  session.phase === 'wait' ? `3;url=${pathTo(session, language, '/wait')}` : undefined

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

/** What there is to do stands above the accounts: below them nobody would find it. */
function successPage({ session, item, language }: View): Page {
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
      ${form('success', html`<button>${finishOf(session, language)}</button>`)}
      <h2>${text.shared}</h2>
      <ul class="list">
        ${accounts}
      </ul>`,
  })
}

function finishOf({ callbackUrl }: Session, language: Language): string {
  const text = texts[language]
  return callbackUrl === undefined ? text.finish : `${text.finishAt} ${new URL(callbackUrl).host}`
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

const pathTo = ({ token }: Session, language: Language, page: string): string =>
  `/session/${encodeURIComponent(token)}${page}?lang=${language}`

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
