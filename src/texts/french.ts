import { english } from './english.ts'
import { translate } from './templates.ts'

/** The same in French. */
export const french = translate(english, {
  credentials_invalid: 'Clé d’API ou secret invalide',
  site_key_required: 'Seule la clé du site lui-même peut lire le secret de ses webhooks',
  tenant_key_required: 'Seule une clé de client permet cela',
  key_read_only: 'Cette clé ne permet que la lecture',

  path_unknown: 'Introuvable',
  body_too_large: 'Le corps de la requête est trop grand',
  too_many_fields: 'La requête a plus de {most} champs',
  request_unreadable: 'La requête est illisible',
  request_incomplete: 'La requête s’est arrêtée trop tôt',
  http_unreadable: 'Requête HTTP illisible',
  request_timeout: 'La requête n’est pas arrivée à temps',
  headers_too_large: 'Les en-têtes de la requête sont trop longs',

  argument_required: "L’argument '{name}' est obligatoire",
  'argument_required.site':
    "Avec une clé de client, l’argument 'site' ou 'base_url' est obligatoire",
  argument_invalid: "L’argument '{name}' n’est pas valide",
  'argument_invalid.whole_number':
    "L’argument '{name}' n’est pas valide : un nombre entier positif est attendu",
  'argument_invalid.text': "L’argument '{name}' n’est pas valide : un texte est attendu",
  'argument_invalid.name':
    "L’argument '{name}' n’est pas valide : un nom sans caractère de contrôle ni invisible est attendu",
  'argument_invalid.length':
    "L’argument '{name}' n’est pas valide : {max} caractères au plus sont attendus",
  'argument_invalid.most': "L’argument '{name}' n’est pas valide : {max} au plus est attendu",
  'argument_invalid.date':
    "L’argument '{name}' n’est pas valide : une date est attendue, comme 2026-01-31",
  'argument_invalid.month':
    "L’argument '{name}' n’est pas valide : un mois est attendu, comme 2026-01",
  'argument_invalid.order':
    "L’argument '{name}' n’est pas valide : il est attendu au plus tard à '{last}'",
  'argument_invalid.other_item':
    "L’argument '{name}' n’est pas valide : un compte de 'item_id' est attendu",
  'argument_invalid.email':
    "L’argument '{name}' n’est pas valide : une adresse e-mail est attendue",
  'argument_invalid.option':
    "L’argument '{name}' n’est pas valide : la valeur attendue est l’une de {options}",
  'argument_invalid.types':
    "L’argument '{name}' n’est pas valide : jusqu’à 50 types d’événements sont attendus, comme connect.completed",
  'argument_invalid.cursor':
    "L’argument '{name}' n’est pas valide : le curseur d’une réponse précédente est attendu",
  'argument_invalid.time':
    "L’argument '{name}' n’est ni une date (aaaa-mm-jj) ni une date avec une heure",
  'argument_invalid.address': "L’argument '{name}' n’est pas une adresse web",
  'argument_invalid.no_base':
    "L’argument '{name}' n’est pas une adresse web entière, et le site n’en a pas encore qui la complète : donnez 'base_url', l’adresse du site lui-même",
  'argument_invalid.https': "L’argument '{name}' doit être une adresse https",
  'argument_invalid.http': "L’argument '{name}' doit être une adresse http ou https",
  'argument_invalid.credentials': "L’argument '{name}' ne doit pas contenir d’identifiants",
  'argument_invalid.address_length': "L’argument '{name}' dépasse {most} caractères",
  bridge_version_invalid: 'Bridge-Version est {first} ou {second}',
  address_not_allowed:
    "L’argument '{name}' n’appartient pas à ce site, dont l’adresse est {origin}. Si c’est une erreur, l’administrateur de Bank API la change avec 'bank-api site update --origin'",
  webhook_target_refused: 'Aucun webhook ne peut être envoyé à {host}',
  email_required:
    "Bridge a besoin d’une adresse e-mail pour l’utilisateur : donnez 'email', ou demandez à l’administrateur de Bank API de définir DEFAULT_USER_EMAIL",
  'email_required.or_user':
    "Bridge a besoin d’une adresse e-mail pour l’utilisateur : donnez 'email', ou un 'user' qui soit une adresse, ou demandez à l’administrateur de Bank API de définir DEFAULT_USER_EMAIL",

  site_ambiguous: "Plusieurs sites conviennent : précisez lequel avec 'site'",
  'site_ambiguous.address': "Plusieurs sites ont l’adresse {origin} : précisez 'site'",
  user_ambiguous: "Plusieurs utilisateurs conviennent : précisez lequel avec 'user'",
  name_ambiguous:
    "Plusieurs noms sont presque celui-ci : donnez '{what}' exactement comme il est enregistré",
  site_changed: 'Le site a changé d’adresse entre-temps',
  site_gone: 'Le site n’existe plus',
  'site_gone.being_deleted': 'Le site {name} est en cours de suppression',
  too_many_sites: 'Cette clé ne peut plus créer de sites : prévenez l’administrateur de Bank API',
  too_many_users:
    'Cette clé ne peut plus créer d’utilisateurs : prévenez l’administrateur de Bank API',
  too_many_keys: 'Le site {name} a {most} clés valables : révoquez-en une',
  too_many_transactions:
    'Il y a plus de {most} opérations, et une réponse n’en contient pas davantage : {advice}',
  'too_many_transactions.to_look_through':
    'Il y a plus de {most} opérations à parcourir : {advice}',
  cursor_too_old:
    'Les événements qui suivent ce curseur ne sont plus tous conservés : le plus ancien curseur valable est {cursor}',
  'advice.fewer':
    'demandez-en moins, par exemple avec min_date={date}, puis les précédentes avec max_date',
  'advice.later': 'dans {seconds} secondes, {advice}',
  'advice.range_or_account': 'demandez une période plus courte, ou par compte avec account_id',
  'advice.range': 'demandez une période plus courte',
  'advice.account': 'demandez-les par compte avec account_id',
  'advice.raise_limit': 'l’administrateur de Bank API peut augmenter MAX_TRANSACTIONS',

  site_not_found: 'Site {name} introuvable',
  user_not_found: 'Utilisateur {name} introuvable',
  'user_not_found.unnamed': 'Utilisateur introuvable',
  item_not_found: 'Connexion {id} introuvable',
  account_not_found: 'Compte {id} introuvable',
  connect_request_not_found: 'Demande de connexion {id} introuvable',
  key_not_found: 'Clé {id} introuvable',
  bank_not_found: 'Banque {id} introuvable',
  category_not_found: 'Catégorie {id} introuvable',

  too_many_calls: 'Trop d’appels. Réessayez un peu plus tard.',
  too_many_large_answers:
    'Trop de grandes réponses sont en cours. Réessayez dans {seconds} secondes.',
  refresh_limit_reached:
    'La connexion {id} a été actualisée {count} fois en un jour ; la prochaine actualisation est possible à {time}',
  'advice.refreshed_by_itself':
    'Bridge actualise cette connexion de lui-même, une à deux fois par jour',

  bridge_quota_spent:
    'Bridge n’accepte plus d’appels pour l’instant. Réessayez dans {seconds} secondes.',
  bridge_unavailable: 'Bridge est injoignable pour le moment. Réessayez dans quelques minutes.',
  bridge_timeout: 'Bridge n’a pas répondu à temps. Réessayez plus tard.',
  bridge_answer_invalid:
    'Bridge a donné une réponse illisible. Si cela dure, prévenez l’administrateur de Bank API.',
  bridge_credentials_refused:
    'Bridge a refusé cette passerelle. Prévenez l’administrateur de Bank API.',
  bridge_not_found: 'Bridge ne connaît pas ce qui est demandé. Cela a peut-être été supprimé.',
  bridge_request_refused:
    'Bridge n’a pas accepté la requête. Prévenez l’administrateur de Bank API.',
  'bridge_request_refused.property':
    'Bridge n’a pas accepté la requête ({property}). Prévenez l’administrateur de Bank API.',

  webhook_secret_missing: 'Aucun secret de webhook n’est configuré',
  event_not_stored: 'L’événement ne peut pas être enregistré maintenant',
  signature_invalid: 'La signature n’est pas bonne',
  database_unavailable: 'La base de données est injoignable pour le moment',

  internal_error: 'Erreur interne, requête {id}',
})
