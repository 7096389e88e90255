/** What webhooks, their headers and their fields say. */
export const eventsInFrench: Readonly<Record<string, string>> = {
  'A connection was made, and is not read yet.':
    'Une connexion a été créée, et n’est pas encore lue.',
  'Bridge read the bank, or tried to.': 'Bridge a lu la banque, ou a essayé.',
  'A connection is gone; also without a word of Bridge’s, when it is missing from the whole list.':
    'Une connexion a disparu ; même si Bridge n’en dit rien, quand elle manque dans la liste complète.',
  'An account came to a connection.': 'Un compte s’est ajouté à une connexion.',
  'An account has news: how many transactions came, changed, went.':
    'Un compte a du nouveau : combien d’opérations sont arrivées, ont changé, ont disparu.',
  'An account is gone.': 'Un compte a disparu.',
  'A user is gone, with all connections.':
    'Un utilisateur a été supprimé chez Bridge, avec toutes ses connexions.',
  'Sent from Bridge’s dashboard, about one of the site’s connections.':
    'Envoyé depuis le tableau de bord de Bridge, au sujet d’une des connexions du site.',
  'A connect request ended with a connection, whether or not the browser came back.':
    'Une demande de connexion a abouti, que le navigateur soit revenu ou non.',
  '30, 14, 7, 3 and 1 days before a consent ends, once each.':
    '30, 14, 7, 3 et 1 jours avant la fin d’un consentement, une fois chacun.',
  'The status of a connection asks something of its user.':
    'L’état d’une connexion demande quelque chose à son utilisateur.',
  'A connection that asked something of its user works again.':
    'Une connexion qui demandait quelque chose à son utilisateur fonctionne de nouveau.',
  'A connection is not refreshed any more as it used to be: once until it is again.':
    'Une connexion n’est plus actualisée comme d’habitude : une fois, jusqu’à ce qu’elle le soit de nouveau.',
  'An account is back under another id, in a new connection: told once, when its accounts are read.':
    'Un compte est revenu sous un autre identifiant, dans une nouvelle connexion : dit une fois, quand ses comptes sont lus.',
  'An operator tries whether webhooks arrive; sent once, never again.':
    'Un exploitant vérifie que les webhooks arrivent ; envoyé une fois, jamais répété.',

  'The same on every try and replay: what came before can be ignored.':
    'Le même à chaque essai et à chaque renvoi : ce qui est déjà venu peut être ignoré.',
  'Seconds since 1970, of this try.': 'Les secondes depuis 1970, de cet essai.',
  'Standard Webhooks, over `id.timestamp.body`: `v1,` and base64; two while a secret rotates.':
    'Standard Webhooks, sur `id.timestamp.body` : `v1,` et base64 ; deux pendant qu’un secret est remplacé.',
  'Base64 of the HMAC-SHA256 of the body, keyed with the newest `whsec_…` as text.':
    'Le HMAC-SHA256 du corps en base64, avec pour clé le plus récent `whsec_…` en texte.',
  "The site's name here; letters beyond ASCII percent-encoded.":
    'Le nom du site ici ; les lettres hors ASCII sont encodées avec des %.',
  "The event's type.": 'Le type de l’événement.',
  'The site wants no more webhooks: none is sent until the operator, or a new address, says so.':
    'Le site ne veut plus de webhooks : aucun n’est envoyé jusqu’à ce que l’exploitant, ou une nouvelle adresse, le demande.',
  'Delivered: any 2xx within 15 seconds, whatever the body.':
    'Livré : toute réponse 2xx en moins de 15 secondes, quel que soit son corps.',
  'It is tried again, ten times in three days, not before a `Retry-After`; redirects are not followed.':
    'Un nouvel essai suit, dix fois en trois jours, pas avant un `Retry-After` ; les redirections ne sont pas suivies.',

  'When it happened, in milliseconds since 1970; in seconds in TEST_EVENT.':
    'Quand c’est arrivé, en millisecondes depuis 1970 ; en secondes dans TEST_EVENT.',
  'The connect request, as the link method named it.':
    'La demande de connexion, telle que la méthode de lien l’a nommée.',
  "The site's name for the user; null for its default one.":
    'Le nom que le site donne à l’utilisateur ; null pour celui par défaut.',
  'A page with one button for the user, good for this consent.':
    'Une page avec un bouton pour l’utilisateur, valable pour ce consentement.',
  'Which link helps; `check`: after a visit the accounts have other IBANs.':
    'Le lien qui convient ; `check` : après une visite les comptes ont d’autres IBAN.',
  'When the bank was last read with success.':
    'Quand la banque a été lue avec succès pour la dernière fois.',
  'When it would have been again, in its own rhythm.':
    'Quand elle aurait dû l’être de nouveau, à son rythme.',
  'Until when the bank had been read for the account before; null when that is not known.':
    'Jusqu’à quand la banque avait été lue pour le compte d’avant ; null si cela n’est pas connu.',
}
