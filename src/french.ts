import type { Language } from './language.ts'

/**
 * Our own error texts in French, by the English sentence that the code throws. A `{word}` stands for what differs from
 * error to error; `{reason}` is itself a text of this list. Texts that Frappe pins are not here, so they stay as they are.
 */
export const french: Readonly<Record<string, string>> = {
  'Invalid API key or secret': "Clé d'API ou secret invalide",
  'Not found': 'Introuvable',
  'The request body is too large': 'Le corps de la requête est trop grand',
  'The request cannot be read': 'La requête est illisible',
  'The request ended too early': "La requête s'est arrêtée trop tôt",
  'Internal error, request id {id}': 'Erreur interne, requête {id}',
  'Too many calls. Please try again a little later.': "Trop d'appels. Réessayez un peu plus tard.",
  'Rate limit exceeded, retry in {time}': 'Trop de requêtes, réessayez dans un instant',

  "Argument '{name}' is required": "L'argument '{name}' est obligatoire",
  "Argument '{name}' is not valid: {reason}": "L'argument '{name}' n'est pas valide : {reason}",
  'expected a positive whole number': 'un nombre entier positif est attendu',
  'expected a text': 'un texte est attendu',
  'expected a name without control or invisible characters':
    'un nom sans caractère de contrôle ni invisible est attendu',
  'expected at most {max} characters': '{max} caractères au plus sont attendus',
  'expected a date, as 2026-01-31': 'une date est attendue, comme 2026-01-31',
  'expected an e-mail address': 'une adresse e-mail est attendue',
  'Invalid option: expected one of {options}': 'une de ces valeurs est attendue : {options}',
  'Invalid input: expected {type}, received {other}': "une valeur d'un autre type est attendue",
  'Too big: expected {type} to have <={max} characters': '{max} caractères au plus sont attendus',
  'Bridge-Version is {first} or {second}': 'Bridge-Version est {first} ou {second}',
  "Argument '{name}' is not a date (yyyy-mm-dd) or a date with a time":
    "L'argument '{name}' n'est ni une date (aaaa-mm-jj) ni une date avec une heure",
  "Argument '{name}' is not a web address": "L'argument '{name}' n'est pas une adresse web",
  "Argument '{name}' must be an https address": "L'argument '{name}' doit être une adresse https",
  "Argument '{name}' must not carry credentials":
    "L'argument '{name}' ne doit pas contenir d'identifiants",
  "Argument '{name}' does not belong to this site, whose address is {origin}":
    "L'argument '{name}' n'appartient pas à ce site, dont l'adresse est {origin}",
  "Argument 'site' or 'base_url' is required with a tenant key":
    "Avec une clé de client, l'argument 'site' ou 'base_url' est obligatoire",
  "Several sites have the address {origin}: give 'site'":
    "Plusieurs sites ont l'adresse {origin} : précisez 'site'",
  'Webhooks may not be sent to {host}': 'Aucun webhook ne peut être envoyé à {host}',
  "Only a site's own key may read its webhook secret":
    'Seule la clé du site lui-même peut lire le secret de ses webhooks',
  'The site has another origin by now': 'Le site a entre-temps une autre adresse',
  "Argument '{name}' is longer than {most} characters":
    "L'argument '{name}' dépasse {most} caractères",
  'No more sites can be made with this key: tell the administrator of Bank API':
    "Cette clé ne peut plus créer de sites : prévenez l'administrateur de Bank API",
  'No more users can be made with this key: tell the administrator of Bank API':
    "Cette clé ne peut plus créer d'utilisateurs : prévenez l'administrateur de Bank API",
  'The site is gone': "Le site n'existe plus",
  "Bridge needs an e-mail address for the user: give 'email', or a 'user' that is an address, or ask the administrator of Bank API to set DEFAULT_USER_EMAIL":
    "Bridge a besoin d'une adresse e-mail pour l'utilisateur : donnez 'email', ou un 'user' qui soit une adresse, ou demandez à l'administrateur de Bank API de définir DEFAULT_USER_EMAIL",
  "Bridge needs an e-mail address for the user: give 'email', or ask the administrator of Bank API to set DEFAULT_USER_EMAIL":
    "Bridge a besoin d'une adresse e-mail pour l'utilisateur : donnez 'email', ou demandez à l'administrateur de Bank API de définir DEFAULT_USER_EMAIL",

  "Several users fit: say which one with 'user'":
    "Plusieurs utilisateurs conviennent : précisez lequel avec 'user'",
  "Several {what}s have nearly this name: give '{name}' in its exact spelling":
    "Plusieurs noms sont presque celui-ci : donnez '{name}' exactement comme il est enregistré",
  "This user exists on several sites: say which one with 'site'":
    "Cet utilisateur existe sur plusieurs sites : précisez lequel avec 'site'",
  'Site {name} not found': 'Site {name} introuvable',
  'User not found': 'Utilisateur introuvable',
  'User {name} not found': 'Utilisateur {name} introuvable',
  'Item {id} not found': 'Item {id} introuvable',
  'Account {id} not found': 'Compte {id} introuvable',
  'Connection request {id} not found': 'Demande de connexion {id} introuvable',
  'Bank {id} not found': 'Banque {id} introuvable',
  'Category {id} not found': 'Catégorie {id} introuvable',

  'There are more than {most} transactions, and one answer holds no more: {reason}':
    "Il y a plus de {most} transactions, et une réponse n'en contient pas davantage : {reason}",
  'There are more than {readable} transactions to look through: {reason}':
    'Il y a plus de {readable} transactions à parcourir : {reason}',
  'ask for fewer, as with min_date={date}, and for earlier ones with max_date':
    'demandez-en moins, par exemple avec min_date={date}, puis les précédentes avec max_date',
  'ask for a shorter range, or by account_id':
    'demandez une période plus courte, ou par compte avec account_id',
  'ask for a shorter range': 'demandez une période plus courte',
  'ask by account_id': 'demandez-les par compte avec account_id',
  'the administrator of Bank API can raise MAX_TRANSACTIONS':
    "l'administrateur de Bank API peut augmenter MAX_TRANSACTIONS",
  'Too many large answers are under way. Please try again in {seconds} seconds.':
    'Trop de grandes réponses sont en cours. Réessayez dans {seconds} secondes.',
  'Item {id} was refreshed {count} times within a day; the next is possible at {time}':
    "L'item {id} a été rafraîchi {count} fois en un jour ; le prochain rafraîchissement est possible à {time}",
  'Bridge refreshes this connection by itself, once or twice a day':
    'Bridge rafraîchit cette connexion de lui-même, une à deux fois par jour',

  'Bridge cannot be reached at the moment. Please try again in a few minutes.':
    'Bridge est injoignable pour le moment. Réessayez dans quelques minutes.',
  'Bridge did not answer in time. Please try again later.':
    "Bridge n'a pas répondu à temps. Réessayez plus tard.",
  'Bridge gave an answer we cannot read. If it lasts, tell the administrator of Bank API.':
    "Bridge a donné une réponse illisible. Si cela dure, prévenez l'administrateur de Bank API.",
  'Bridge takes no more calls for now. Please try again in {seconds} seconds.':
    "Bridge n'accepte plus d'appels pour l'instant. Réessayez dans {seconds} secondes.",
  'Bridge refused this gateway. Please tell the administrator of Bank API.':
    "Bridge a refusé cette passerelle. Prévenez l'administrateur de Bank API.",
  'Bridge does not know what was asked for. It may be deleted.':
    'Bridge ne connaît pas ce qui est demandé. Cela a peut-être été supprimé.',
  'Bridge did not accept the request. Please tell the administrator of Bank API.':
    "Bridge n'a pas accepté la requête. Prévenez l'administrateur de Bank API.",
  'Bridge did not accept the request ({property}). Please tell the administrator of Bank API.':
    "Bridge n'a pas accepté la requête ({property}). Prévenez l'administrateur de Bank API.",
}

const placeholder = /\{(\w+)\}/g

const literally = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')

const templates = Object.entries(french)
  .filter(([english]) => english.includes('{'))
  .map(([english, translated]) => ({
    names: [...english.matchAll(placeholder)].map(([, name]) => name!),
    pattern: new RegExp(
      `^${english
        .split(/\{\w+\}/)
        .map(literally)
        .join('(.+?)')}$`,
      's',
    ),
    translated,
  }))

/** A text of ours in a language; one that we do not know, or that Frappe pins, stays English. */
export function inLanguage(text: string, language: Language): string {
  return language === 'fr' ? inFrench(text) : text
}

function inFrench(text: string): string {
  const whole = Object.hasOwn(french, text) ? french[text] : undefined
  if (whole !== undefined) return whole
  for (const { pattern, names, translated } of templates) {
    const found = pattern.exec(text)
    if (!found) continue
    const values = new Map(names.map((name, index) => [name, found[index + 1] ?? '']))
    return translated.replace(placeholder, (_all, name: string) => {
      const value = values.get(name) ?? ''
      return name === 'reason' ? inFrench(value) : value
    })
  }
  return text
}
