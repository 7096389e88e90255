import type { Language } from '../../language.ts'
import type { NoticeText } from '../../html/notice.ts'

export type RenewalNotice = 'renewed' | 'expired' | 'unknown' | 'limited' | 'down'

interface RenewalTexts {
  title: string
  lead: (bank: string) => string
  bank: string
  site: string
  until: string
  ended: string
  button: string
  hint: string
  unnamedBank: string
  notices: Readonly<Record<RenewalNotice, NoticeText>>
}

/** Everything the renewal page says. */
export const renewalTexts: Readonly<Record<Language, RenewalTexts>> = {
  en: {
    title: 'Renew the access to your bank',
    lead: (bank) =>
      `Your accounting site reads your accounts at ${bank}. The law asks you to confirm this again from time to time.`,
    bank: 'Bank',
    site: 'Accounting site',
    until: 'Access until',
    ended: 'Access ended on',
    button: 'Continue to my bank',
    hint: 'You confirm at your bank, as when you log in there. It takes a minute or two, and nothing else changes.',
    unnamedBank: 'your bank',
    notices: {
      renewed: {
        title: 'Already renewed',
        body: 'The access to your bank was renewed since this link was sent. There is nothing left to do.',
      },
      expired: {
        title: 'This link has expired',
        body: 'The access to your bank ended more than two weeks ago. Renew it from your accounting site.',
      },
      unknown: {
        title: 'This link leads nowhere',
        body: 'The bank connection it stood for is gone, or the link was not copied whole. Your accounting site shows your connections.',
      },
      limited: {
        title: 'Enough for today',
        body: 'This link was used five times within a day. Please try again tomorrow, or renew the access from your accounting site.',
      },
      down: {
        title: 'Please try again in a few minutes',
        body: 'The service that leads to your bank does not answer at the moment. Your link stays good.',
      },
    },
  },
  fr: {
    title: 'Renouvelez l’accès à votre banque',
    lead: (bank) =>
      `Votre site de gestion lit vos comptes chez ${bank}. La loi demande que vous le confirmiez de temps en temps.`,
    bank: 'Banque',
    site: 'Site de gestion',
    until: 'Accès jusqu’au',
    ended: 'Accès terminé le',
    button: 'Continuer vers ma banque',
    hint: 'Vous confirmez auprès de votre banque, comme pour vous y connecter. Cela prend une minute ou deux, et rien d’autre ne change.',
    unnamedBank: 'votre banque',
    notices: {
      renewed: {
        title: 'Déjà renouvelé',
        body: 'L’accès à votre banque a été renouvelé depuis l’envoi de ce lien. Il n’y a plus rien à faire.',
      },
      expired: {
        title: 'Ce lien a expiré',
        body: 'L’accès à votre banque a pris fin il y a plus de deux semaines. Renouvelez-le depuis votre site de gestion.',
      },
      unknown: {
        title: 'Ce lien ne mène nulle part',
        body: 'La connexion bancaire n’existe plus, ou le lien n’a pas été copié en entier. Votre site de gestion montre vos connexions.',
      },
      limited: {
        title: 'Assez pour aujourd’hui',
        body: 'Ce lien a servi cinq fois en un jour. Réessayez demain, ou renouvelez l’accès depuis votre site de gestion.',
      },
      down: {
        title: 'Réessayez dans quelques minutes',
        body: 'Le service qui mène à votre banque ne répond pas pour le moment. Votre lien reste valable.',
      },
    },
  },
}
