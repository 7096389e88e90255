import { html, seen, type Html } from '../html/html.ts'
import { dayIn } from '../html/notice.ts'
import type { Language } from '../language.ts'
import type { Mail } from './mailer.ts'
import { reminderTexts } from './reminder-texts.ts'

/** What a reminder is about; of the bank nothing but its name. Times are epoch milliseconds. */
export interface Reminder {
  to: string
  language: Language
  bank: string | null
  site: string
  timeZone: string
  consentEnd: number
  /** Until when its links work. */
  goodUntil: number
  /** Days until the end, one that has begun counted; 0: it has come. */
  daysLeft: number
  renewUrl: string
  stopUrl: string
}

/** The mail that asks a person to renew: one button, and the way to get no more of them (RFC 8058). */
export function reminderMail(reminder: Reminder): Mail {
  const said = wordsOf(reminder)
  const { to, stopUrl } = reminder
  return {
    to,
    subject: said.subject,
    text: plain(said),
    html: `<!doctype html>${page(said).markup}`,
    headers: {
      'List-Unsubscribe': `<${stopUrl}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    },
  }
}

function wordsOf(reminder: Reminder) {
  const { language, timeZone, consentEnd, daysLeft, renewUrl, stopUrl } = reminder
  const text = reminderTexts[language]
  const bank = reminder.bank === null ? text.unnamedBank : named(reminder.bank)
  const day = dayIn(language, timeZone, consentEnd)
  const isOver = daysLeft === 0
  const other = language === 'en' ? 'fr' : 'en'
  return {
    ...text,
    language,
    subject: isOver ? text.ended.subject(bank) : text.ending.subject(bank, day),
    lead: isOver ? text.ended.lead(day) : text.ending.lead(day, daysLeft),
    why: text.why(named(reminder.site), bank),
    until: text.until(dayIn(language, timeZone, reminder.goodUntil)),
    otherLanguage: other,
    renewUrl: `${renewUrl}?lang=${language}`,
    otherUrl: `${renewUrl}?lang=${other}`,
    stopUrl: `${stopUrl}?lang=${language}`,
  }
}

type Words = ReturnType<typeof wordsOf>

/** Names come from sites: one line, without what hides, no encoded word (RFC 2047) that would hide it, and no longer than a name. */
const named = (name: string): string =>
  seen(name).replaceAll(/\s+/g, ' ').replaceAll('=?', '= ?').trim().slice(0, 80)

const plain = (said: Words): string =>
  [
    said.greeting,
    `${said.why} ${said.lead}`,
    `${said.button}\n${said.renewUrl}`,
    said.how,
    `${said.until} ${said.noPassword}`,
    `${said.other}\n${said.otherUrl}`,
    `${said.stop}\n${said.stopLink}\n${said.stopUrl}`,
  ].join('\n\n')

// What mail programs keep of a style stands in each element; a table is what all of them lay out alike.
const page = (said: Words): Html =>
  html`<html lang="${said.language}">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light" />
      <title>${said.subject}</title>
    </head>
    <body style="margin:0;padding:0;background:#eef2f7">
      <table
        role="presentation"
        width="100%"
        cellpadding="0"
        cellspacing="0"
        style="background:#eef2f7"
      >
        <tr>
          <td align="center" style="padding:32px 16px">
            <table
              role="presentation"
              width="100%"
              cellpadding="0"
              cellspacing="0"
              style="max-width:520px;background:#ffffff;border:1px solid #dfe4ec;border-radius:18px"
            >
              <tr>
                <td
                  style="padding:32px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:1.55;color:#16202e;text-align:left"
                >
                  <h1 style="margin:0 0 20px;font-size:22px;line-height:1.3;overflow-wrap:anywhere">
                    ${said.subject}
                  </h1>
                  <p style="margin:0 0 12px">${said.greeting}</p>
                  <p style="margin:0 0 28px;overflow-wrap:anywhere">
                    ${said.why} <strong>${said.lead}</strong>
                  </p>
                  <p style="margin:0 0 28px">
                    <a
                      href="${said.renewUrl}"
                      style="display:block;padding:14px 16px;border-radius:12px;background:#1d5fd0;color:#ffffff;font-weight:600;text-align:center;text-decoration:none"
                      >${said.button}</a
                    >
                  </p>
                  <p style="margin:0 0 12px;font-size:14px;color:#566174">${said.how}</p>
                  <p style="margin:0;font-size:14px;color:#566174">
                    ${said.until} ${said.noPassword}
                  </p>
                </td>
              </tr>
            </table>
            <p
              style="max-width:520px;margin:20px auto 0;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:13px;line-height:1.6;color:#566174"
            >
              <a href="${said.otherUrl}" lang="${said.otherLanguage}" style="color:#566174"
                >${said.other}</a
              ><br />
              ${said.stop} <a href="${said.stopUrl}" style="color:#566174">${said.stopLink}</a>
            </p>
          </td>
        </tr>
      </table>
    </body>
  </html>`
