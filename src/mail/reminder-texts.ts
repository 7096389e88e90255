import type { Language } from '../language.ts'

interface ReminderTexts {
  greeting: string
  /** Of a consent that ends, and of one that has ended. */
  ending: {
    subject: (bank: string, day: string) => string
    lead: (day: string, days: number) => string
  }
  ended: { subject: (bank: string) => string; lead: (day: string) => string }
  why: (site: string, bank: string) => string
  button: string
  how: string
  noPassword: string
  until: (day: string) => string
  stop: string
  stopLink: string
  unnamedBank: string
  other: string
}

/** Everything a reminder says, to people who do not know us. */
export const reminderTexts: Readonly<Record<Language, ReminderTexts>> = {
  en: {
    greeting: 'Hello,',
    ending: {
      subject: (bank, day) => `Renew the access to ${bank} before ${day}`,
      lead: (day, days) =>
        days === 1
          ? `this access ends within a day, on ${day}.`
          : `this access ends in ${days} days, on ${day}.`,
    },
    ended: {
      subject: (bank) => `The access to ${bank} has ended`,
      lead: (day) => `this access ended on ${day}, and nothing new has been read since.`,
    },
    why: (site, bank) =>
      `Your accounting site ${site} reads your accounts at ${bank}. The law asks you to confirm this from time to time:`,
    button: 'Renew the access',
    how: 'You confirm at your bank, as when you log in there. It takes a minute or two, and nothing else changes.',
    noPassword: 'We never ask for your bank’s codes in a mail.',
    until: (day) => `The link works until ${day}.`,
    stop: 'You get this reminder because you connected your bank to this site.',
    stopLink: 'No more reminders',
    unnamedBank: 'your bank',
    other: 'Renouveler l’accès, en français',
  },
  fr: {
    greeting: 'Bonjour,',
    ending: {
      subject: (bank, day) => `Renouvelez l’accès à ${bank} avant le ${day}`,
      lead: (day, days) =>
        days === 1
          ? `cet accès prend fin d’ici un jour, le ${day}.`
          : `cet accès prend fin dans ${days} jours, le ${day}.`,
    },
    ended: {
      subject: (bank) => `L’accès à ${bank} a pris fin`,
      lead: (day) => `cet accès a pris fin le ${day}, et rien de nouveau n’a été lu depuis.`,
    },
    why: (site, bank) =>
      `Votre site de gestion ${site} lit vos comptes chez ${bank}. La loi demande que vous le confirmiez de temps en temps\u00a0:`,
    button: 'Renouveler l’accès',
    how: 'Vous confirmez auprès de votre banque, comme pour vous y connecter. Cela prend une minute ou deux, et rien d’autre ne change.',
    noPassword: 'Nous ne demandons jamais les codes de votre banque par e-mail.',
    until: (day) => `Le lien fonctionne jusqu’au ${day}.`,
    stop: 'Vous recevez ce rappel parce que vous avez connecté votre banque à ce site.',
    stopLink: 'Ne plus recevoir de rappels',
    unnamedBank: 'votre banque',
    other: 'Renew the access, in English',
  },
}
