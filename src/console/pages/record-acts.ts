import { html, type Html } from '../../html/html.ts'
import type { Language } from '../../language.ts'
import { takesWebhooks } from '../../db/rules/replay.ts'
import type { RecordView } from '../facts/record.ts'
import { form, type Frame } from './frame.ts'

const texts = {
  en: {
    replay: 'Send again',
    test: 'Send a test',
    enable: 'Try it again',
    events: 'Its events',
    calls: 'Its calls',
    renew: 'Open the renewal page',
  },
  fr: {
    replay: 'Renvoyer',
    test: 'Envoyer un test',
    enable: 'L’essayer de nouveau',
    events: 'Ses événements',
    calls: 'Ses appels',
    renew: 'Ouvrir la page de renouvellement',
  },
} as const satisfies Record<Language, object>

/** The buttons of a record. Each posts to its own address. */
export function actsOf(frame: Frame, { story, canRenew }: RecordView): Html[] {
  const text = texts[frame.language]
  const { subject, site, endpoint, events, items } = story
  const button = (to: string, said: string) =>
    form(frame, `/console/${to}`, html`<button class="quiet">${said}</button>`)
  const link = (to: string, said: string) => html`<a href="${`/console/${to}`}">${said}</a>`
  const { kind, id } = subject
  if (kind === 'event' || kind === 'delivery') {
    const [event] = events
    const canSend =
      event?.hasBody && event.delivery?.state !== 'pending' && site && takesWebhooks(site)
    return canSend ? [button(`event/${event.id}/replay`, text.replay)] : []
  }
  if (kind === 'site') {
    return [
      ...(endpoint?.disabledAt != null ? [button(`site/${id}/enable`, text.enable)] : []),
      ...(site?.webhookUrl != null ? [button(`site/${id}/test`, text.test)] : []),
      link(`events?site=${encodeURIComponent(id)}`, text.events),
      link(`calls?site=${encodeURIComponent(id)}`, text.calls),
    ]
  }
  const [held] = items
  const isItem = kind === 'item' || kind === 'account'
  return isItem && held && canRenew ? [button(`item/${held.item.id}/renewal`, text.renew)] : []
}
