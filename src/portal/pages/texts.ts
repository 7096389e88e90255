import type { Language } from '../../language.ts'
import type { ConnectionState } from '../facts.ts'

type StateTexts = Readonly<Record<ConnectionState, readonly [state: string, hint: string]>>

const en = {
  connections: 'Connections',
  connectionColumns: ['Bank', 'State', 'Read from the bank', 'Access until', 'What to do'],
  noConnections: 'No bank is connected yet. Your accounting site connects one.',
  unnamedBank: 'Bank',
  states: {
    works: ['works', ''],
    ending: ['ends soon', 'Confirm the access again before it ends.'],
    ended: ['has ended', 'Nothing is read until the access is confirmed again.'],
    sca: ['asks for you', 'The bank wants you to confirm that it is you.'],
    edit: ['asks for you', 'The bank asks you to log in anew, or to do something on its own site.'],
    connect: [
      'cannot be used',
      'This account is closed, or of a kind that cannot be read. Connect the bank anew in your accounting site.',
    ],
    wait: ['waits', 'The bank is asked again by itself, once or twice a day.'],
    missing: ['not found', 'It is looked for again by itself.'],
    never: [
      'was never connected',
      'The login at the bank did not succeed. Connect the bank anew in your accounting site.',
    ],
  } as StateTexts,
  inSite: 'Your accounting site opens the bank’s page.',
  renew: 'Renew',
  confirm: 'Confirm',
  webhooks: 'What is sent to the site',
  noUrl: 'The site has named no address yet: events are kept, and it may ask for them.',
  address: 'Address',
  endpoint: 'State',
  endpoints: { well: 'takes what is sent', failing: 'fails', disabled: 'switched off' },
  disabledHint:
    'Nothing is sent until whoever runs this service switches it on again, or the site names another address.',
  test: 'Send a test',
  events: 'Events',
  noEvents: 'Nothing has happened lately.',
  eventColumns: ['Event', 'Came', 'State', 'Tries', 'Last answer', 'Next try'],
  deliveries: {
    pending: 'on its way',
    delivered: 'delivered',
    dead: 'given up',
    kept: 'kept',
    forgotten: 'not sent any more',
  },
  newer: 'Newer',
  older: 'Older',
  previous: 'Previous',
  next: 'Next',
  again: 'Send again',
  facts: 'What became of it',
  id: 'webhook-id',
  came: 'Came',
  due: 'Next try',
  site: 'Site',
  back: 'Back to the site',
  sites: 'Sites',
  siteColumns: ['Site', 'State', 'Connections', 'First access ends', 'Last event'],
  noSites: 'There is no site yet.',
  siteStates: {
    disabled: 'webhooks off',
    failing: 'webhooks fail',
    asking: (count: string) => `${count} ${count === '1' ? 'needs' : 'need'} attention`,
    well: 'well',
  },
}

const fr: typeof en = {
  connections: 'Connexions',
  connectionColumns: ['Banque', 'État', 'Dernière lecture', 'Accès jusqu’au', 'À faire'],
  noConnections: 'Aucune banque n’est encore connectée. Votre site de gestion en connecte une.',
  unnamedBank: 'Banque',
  states: {
    works: ['fonctionne', ''],
    ending: ['expire bientôt', 'Confirmez l’accès avant qu’il n’expire.'],
    ended: ['accès expiré', 'Rien n’est lu tant que l’accès n’est pas confirmé de nouveau.'],
    sca: ['action requise', 'La banque veut que vous confirmiez que c’est bien vous.'],
    edit: [
      'action requise',
      'La banque vous demande de vous identifier de nouveau, ou d’agir sur son propre site.',
    ],
    connect: [
      'inutilisable',
      'Ce compte est fermé, ou d’un type qui ne peut pas être lu. Reconnectez la banque depuis votre site de gestion.',
    ],
    wait: [
      'en attente',
      'La banque sera interrogée de nouveau automatiquement, une ou deux fois par jour.',
    ],
    missing: ['introuvable', 'Une nouvelle recherche aura lieu automatiquement.'],
    never: [
      'jamais connectée',
      'L’identification à la banque n’a pas abouti. Connectez la banque de nouveau depuis votre site de gestion.',
    ],
  },
  inSite: 'Votre site de gestion ouvre la page de la banque.',
  renew: 'Renouveler',
  confirm: 'Confirmer',
  webhooks: 'Ce qui est envoyé au site',
  noUrl:
    'Le site n’a pas encore donné d’adresse : les événements sont gardés, et il peut les demander.',
  address: 'Adresse',
  endpoint: 'État',
  endpoints: { well: 'reçoit les envois', failing: 'en échec', disabled: 'coupée' },
  disabledHint:
    'Rien n’est envoyé tant que l’exploitant de ce service ne l’a pas rétablie, ou que le site n’a pas donné une autre adresse.',
  test: 'Envoyer un test',
  events: 'Événements',
  noEvents: 'Rien ne s’est passé ces derniers temps.',
  eventColumns: ['Événement', 'Reçu', 'État', 'Essais', 'Réponse', 'Prochain essai'],
  deliveries: {
    pending: 'en route',
    delivered: 'livré',
    dead: 'abandonné',
    kept: 'gardé',
    forgotten: 'n’est plus envoyé',
  },
  newer: 'Plus récents',
  older: 'Plus anciens',
  previous: 'Précédentes',
  next: 'Suivantes',
  again: 'Renvoyer',
  facts: 'Ce qu’il en est',
  id: 'webhook-id',
  came: 'Reçu',
  due: 'Prochain essai',
  site: 'Site',
  back: 'Retour au site',
  sites: 'Sites',
  siteColumns: ['Site', 'État', 'Connexions', 'Prochaine expiration', 'Dernier événement'],
  noSites: 'Il n’y a pas encore de site.',
  siteStates: {
    disabled: 'webhooks coupés',
    failing: 'webhooks en échec',
    asking: (count) => `${count} à traiter`,
    well: 'va bien',
  },
}

/** All that a site's pages say. */
export const portalTexts: Readonly<Record<Language, typeof en>> = { en, fr }
export type PortalTexts = typeof en
