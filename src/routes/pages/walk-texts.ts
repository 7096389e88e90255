import type { NoticeText } from '../../html/notice.ts'
import type { Language } from '../../language.ts'

interface WalkTexts {
  connected: (bank: string) => NoticeText
  unnamedBank: string
  accounts: string
  newest: string
  none: string
  unnamed: string
  next: string
  nextHint: string
  callAccounts: string
  callTransactions: string
  docs: string
  again: string
  retry: string
  start: string
  reload: string
  failed: NoticeText
  pending: NoticeText
  unknown: NoticeText
  step: string
}

/** Everything the page says at the end of a walk. */
export const walkTexts: Readonly<Record<Language, WalkTexts>> = {
  en: {
    connected: (bank) => ({
      title: `${bank} is connected`,
      body: 'This page stands in for your site: the browser came back here, and your site may now read all of this.',
    }),
    unnamedBank: 'The bank',
    accounts: 'Accounts',
    newest: 'Newest transactions',
    none: 'None in the last thirty days.',
    unnamed: 'without a name',
    next: 'What your site does now',
    nextHint:
      'The browser brought the request, and your site asks with it, or waits for the webhook:',
    callAccounts: 'Read the accounts',
    callTransactions: 'Read an account’s transactions',
    docs: 'API reference',
    again: 'Once more',
    retry: 'Try again',
    start: 'Back to the start',
    reload: 'Look again',
    failed: {
      title: 'No bank was connected',
      body: 'The visit ended before a bank was connected. A site is told so in the same way, and can offer another try.',
    },
    pending: {
      title: 'The bank has not answered yet',
      body: 'A site would wait for the webhook, or ask again. This page does when you load it anew.',
    },
    unknown: {
      title: 'There is no walk here',
      body: 'The address was not copied whole, or what it showed is no more.',
    },
    step: 'step: in Bridge’s words, the screen that was left',
  },
  fr: {
    connected: (bank) => ({
      title: `${bank} est connectée`,
      body: 'Cette page tient lieu de votre site : le navigateur y est revenu, et votre site peut maintenant lire tout ceci.',
    }),
    unnamedBank: 'La banque',
    accounts: 'Comptes',
    newest: 'Dernières opérations',
    none: 'Aucune dans les trente derniers jours.',
    unnamed: 'sans nom',
    next: 'Ce que fait maintenant votre site',
    nextHint:
      'Le navigateur a rapporté la demande ; votre site s’en sert pour demander la suite, ou attend le webhook :',
    callAccounts: 'Lire les comptes',
    callTransactions: 'Lire les opérations d’un compte',
    docs: 'Référence de l’API',
    again: 'Encore une fois',
    retry: 'Réessayer',
    start: 'Retour au début',
    reload: 'Regarder à nouveau',
    failed: {
      title: 'Aucune banque n’est connectée',
      body: 'La visite s’est terminée avant qu’une banque ne soit connectée. Un site l’apprend de la même façon et peut proposer un nouvel essai.',
    },
    pending: {
      title: 'La banque n’a pas encore répondu',
      body: 'Un site attendrait le webhook ou redemanderait. Cette page le fait quand vous la rechargez.',
    },
    unknown: {
      title: 'Il n’y a rien ici',
      body: 'L’adresse n’a pas été copiée en entier, ou ce qu’elle montrait n’est plus.',
    },
    step: 'step : dans les mots de Bridge, l’écran quitté',
  },
}
