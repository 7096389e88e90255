import { html, seen } from '../../html/html.ts'
import type { Page } from '../../html/page.ts'
import type { BankList } from '../facts/bank.ts'
import { framed, type Frame } from './frame.ts'
import { card, linkTo, statusTag, table } from './elements.ts'
import { recordTexts } from './record-texts.ts'
import { wordsFor } from './words.ts'

/** Who is connected to a bank, and how those connections are. */
export function bankPage(frame: Frame, { now, bank, rows, next }: BankList): Page {
  const text = recordTexts[frame.language]
  const words = wordsFor(frame.language, now)
  const [connection = '', user = '', ...columns] = text.connectionColumns
  const list = table(
    text.connections,
    [connection, text.names.site, user, ...columns],
    rows.map(({ item, user: holder, site, tenant }) => [
      linkTo('item', String(item.id), String(item.id)),
      html`${linkTo('site', site.id, seen(site.name))} <small class="soft">${seen(tenant)}</small>`,
      linkTo('user', holder.id, seen(holder.name || text.defaultUser)),
      statusTag(item.status, item.statusCodeInfo),
      words.ago(item.lastSuccessAt),
      words.ago(item.authenticationExpiresAt),
    ]),
  )
  const further =
    next !== undefined &&
    html`<p class="foot"><a href="${`?after=${next}`}">${text.further}</a></p>`
  const name = bank.name === null ? String(bank.id) : `${seen(bank.name)} (${bank.id})`
  return framed(
    frame,
    `${text.kinds.bank} ${name}`,
    card(text.connections, html`${list} ${further}`),
  )
}
