import { html, seen } from '../../html/html.ts'
import { icons, type IconName } from '../../html/icons.ts'
import { page, type Page } from '../../html/page.ts'
import { detailList } from '../../html/elements.ts'
import type { Language } from '../../language.ts'
import { inOther } from '../../html/reader-language.ts'
import { dayIn, noticePage } from '../../html/notice.ts'
import { renewalTexts, type RenewalNotice } from './renewal-texts.ts'

/** What the page shows of a connection; nothing of its accounts. */
export interface Offer {
  bank: string | null
  site: string
  /** Epoch milliseconds. */
  consentEnd: number
  timeZone: string
}

/**
 * The page that offers to renew: bank, site, and a button that posts to the page's own address. Its policy says nothing of
 * forms: a browser would apply that to the redirect after a form too, and that one goes to Bridge.
 */
export function offerPage(language: Language, offer: Offer, now: number): Page {
  const text = renewalTexts[language]
  const { consentEnd, timeZone } = offer
  const bank = offer.bank === null ? null : seen(offer.bank)
  return page({
    language,
    title: text.title,
    body: html`${icons.bank}
      <h1>${text.title}</h1>
      <p>${text.lead(bank ?? text.unnamedBank)}</p>
      ${detailList([
        [text.bank, bank],
        [text.site, seen(offer.site)],
        [now < consentEnd ? text.until : text.ended, dayIn(language, timeZone, consentEnd)],
      ])}
      <form method="post"><button>${text.button}</button></form>
      <p class="small">${text.hint}</p>`,
    translation: inOther(language),
  })
}

const iconOf: Readonly<Record<RenewalNotice, IconName>> = {
  renewed: 'done',
  expired: 'wait',
  unknown: 'problem',
  limited: 'wait',
  down: 'wait',
}

/** A page that says why there is nothing to renew here, or not now. */
export function renewalNotice(
  language: Language,
  name: RenewalNotice,
  { reference }: { reference: string },
): Page {
  return noticePage(renewalTexts[language].notices[name], {
    language,
    icon: iconOf[name],
    translation: inOther(language),
    reference: name === 'renewed' ? undefined : reference,
  })
}
