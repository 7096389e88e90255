/** What the document says of itself, of refusals, headers and plain routes. */
export const aroundInFrench: Readonly<Record<string, string>> = {
  [[
    'A gateway between Dokos or ERPNext sites and Bridge.',
    'Methods are called as those of a Frappe site. Shown are the verbs that say what a method does; each takes GET, POST, PUT and DELETE, arguments in the query, a form or JSON, and ignores those it does not know.',
    'Answers stand under `message`, in version 2 under `data`; a key may be set to want lists in an envelope, or links as bare addresses.',
    'No licence is named: the program is not published under one.',
  ].join('\n\n')]: [
    'Une passerelle entre des sites Dokos ou ERPNext et Bridge.',
    'On appelle les méthodes comme celles d’un site Frappe. Les verbes montrés disent ce que fait une méthode ; chacune accepte GET, POST, PUT et DELETE, ses arguments dans l’adresse, un formulaire ou du JSON, et ignore ceux qu’elle ne connaît pas.',
    'Les réponses sont sous `message`, dans la version 2 sous `data` ; une clé peut être réglée pour recevoir les listes dans une enveloppe, ou les liens comme simples adresses.',
    'Aucune licence n’est nommée : le programme n’est publié sous aucune.',
  ].join('\n\n'),
  'Pages of Bridge where a user connects a bank or looks after it.':
    'Des pages de Bridge où un utilisateur connecte une banque ou s’en occupe.',
  'What became of a link, and of the connection it made.':
    'Ce qu’est devenu un lien, et la connexion qu’il a créée.',
  'The accounts of a connection.': 'Les comptes d’une connexion.',
  'What happened on the accounts.': 'Ce qui s’est passé sur les comptes.',
  'Banks and categories, the same for all.': 'Les banques et les catégories, les mêmes pour tous.',
  'What a site is sent, and how it knows that we sent it.':
    'Ce qu’un site reçoit, et comment il sait que cela vient d’ici.',
  'Sites, their keys and what they used: for tenant keys.':
    'Les sites, leurs clés et ce qu’ils ont utilisé : pour les clés de client.',
  'What every Frappe site has.': 'Ce que tout site Frappe possède.',
  'The same methods, answered as version 2 of Frappe’s API does.':
    'Les mêmes méthodes, avec les réponses de la version 2 de l’API de Frappe.',
  'Pages, probes, and where Bridge comes back.': 'Des pages, des sondes, et là où Bridge revient.',

  'As JSON; a form, urlencoded or multipart, is taken too.':
    'En JSON ; un formulaire, urlencoded ou multipart, est accepté aussi.',
  'The answer, under `message`.': 'La réponse, sous `message`.',
  'The answer, under `data`.': 'La réponse, sous `data`.',
  "Bridge's version whose field names the answer uses, instead of the key's setting. The older ones are the schemas that end in 2021.":
    'La version de Bridge dont la réponse emploie les noms de champs, au lieu du réglage de la clé. Les plus anciens sont les schémas qui finissent par 2021.',
  'Finds the call in the log, and with `explain`.':
    'Retrouve l’appel dans le journal, et avec `explain`.',
  'When the bank was last read with success; of several connections the oldest.':
    'Quand la banque a été lue avec succès pour la dernière fois ; de plusieurs connexions, la plus ancienne.',
  "Bridge's status of the connection; 0 is healthy.":
    'L’état de la connexion chez Bridge ; 0 quand tout va bien.',
  "When the user's consent ends.": 'Quand le consentement de l’utilisateur prend fin.',
  'After how many seconds to try again, as `retry_after`.':
    'Après combien de secondes réessayer, comme `retry_after`.',
  'After how many seconds to try again.': 'Après combien de secondes réessayer.',

  '`token api_key:api_secret`, as for any Frappe site.':
    '`token api_key:api_secret`, comme pour tout site Frappe.',
  'api_key and api_secret.': 'api_key et api_secret.',
  'METRICS_TOKEN.': 'METRICS_TOKEN.',

  'The credentials are no good; it is never said why.':
    'Les identifiants ne sont pas bons ; la raison n’est jamais précisée.',
  'No credentials, or a key that may not do this.':
    'Pas d’identifiants, ou une clé qui ne permet pas cela.',
  'Not yours, or not there: both read the same.':
    'N’existe pas, ou n’est pas à vous : la réponse est la même.',
  'The body is larger than 256 KiB.': 'Le corps dépasse 256 Kio.',
  'An argument is missing (MandatoryError) or wrong, or the body is not what its type says (DataError).':
    'Un argument manque (MandatoryError) ou n’est pas valable, ou le corps n’est pas ce que dit son type (DataError).',
  "Our limit, Bridge's quota or the refresh cap.":
    'Notre limite, le quota de Bridge ou celui des actualisations.',
  'A mistake of ours; the id finds it in the log.':
    'Une erreur de notre part ; l’identifiant la retrouve dans le journal.',
  'Bridge refuses our credentials, or answers nonsense.':
    'Bridge refuse nos identifiants, ou répond n’importe quoi.',
  'Bridge is known to be down, or our database cannot be reached.':
    'On sait que Bridge est en panne, ou notre base de données est injoignable.',
  'Bridge did not answer in time.': 'Bridge n’a pas répondu à temps.',
  'One line for people.': 'Une phrase à lire.',
  'What went wrong, for programs: stable, and explained in docs/errors.md.':
    'Ce qui n’a pas marché, pour les programmes : stable, et expliqué dans docs/errors.md.',
  'A JSON list with that line.': 'Une liste JSON avec cette ligne.',
  'A JSON list of JSON messages, as Frappe has it.':
    'Une liste JSON de messages JSON, comme chez Frappe.',

  'Says that the process answers, and its version.': 'Dit que le processus répond, et sa version.',
  'It does.': 'Il répond.',
  'Says whether this server should get work: it looks at the database, the workers and the disk, and says no as soon as the server begins to stop.':
    'Dit s’il faut confier du travail à ce serveur : il regarde la base de données, les tâches et le disque, et dit non dès que le serveur commence à s’arrêter.',
  'Ready.': 'Prêt.',
  'Not ready; the checks say why.': 'Pas prêt ; les contrôles disent pourquoi.',
  "What Prometheus scrapes, with the operator's METRICS_TOKEN.":
    'Ce que lit Prometheus, avec le METRICS_TOKEN de l’exploitant.',
  "Prometheus' text format.": 'Le format texte de Prometheus.',
  'No token is configured, or it is not that one.':
    'Aucun jeton n’est configuré, ou ce n’est pas celui-là.',
  'This document.': 'Ce document.',
  'OpenAPI 3.1.': 'OpenAPI 3.1.',
  'This document as a page.': 'Ce document en une page.',
  'What that page searches and calls with.': 'Le script avec lequel cette page cherche et appelle.',
  'The script.': 'Le script.',
  'The page.': 'La page.',
  'Where Bridge Connect sends the browser back; for browsers only.':
    'Là où Bridge Connect renvoie le navigateur ; pour les navigateurs seulement.',
  'The connect request, as we gave it to Bridge.':
    'La demande de connexion, telle que nous l’avons donnée à Bridge.',
  'The connection, when there is one.': 'La connexion, quand il y en a une.',
  'Not looked at.': 'Ignoré.',
  'Not believed: Bridge is asked.': 'N’est pas cru sur parole : Bridge est interrogé.',
  'Where the user left.': 'À quelle étape l’utilisateur a abandonné.',
  "On to the site's redirect_url.": 'Vers le redirect_url du site.',
  'No request has that context.': 'Aucune demande n’a ce contexte.',
  'The link has expired.': 'Le lien a expiré.',
  'Too often from one address.': 'Trop souvent depuis une adresse.',
  'Where Bridge posts its events, signed with BridgeApi-Signature.':
    'Là où Bridge envoie ses événements, signés avec BridgeApi-Signature.',
  '`v1=` and the hexadecimal HMAC-SHA256 of the body, keyed with the webhook secret; several by commas while it rotates.':
    '`v1=` et le HMAC-SHA256 du corps en hexadécimal, avec pour clé le secret des webhooks ; plusieurs entre virgules pendant qu’il est remplacé.',
  'Stored for good, known already, or signed and yet no event.':
    'Enregistré pour de bon, déjà connu, ou signé sans être un événement.',
  'The signature is not good.': 'La signature n’est pas bonne.',
  'Larger than 64 KiB.': 'Plus de 64 Kio.',
  'Cannot be stored now, or no secret is configured.':
    'Ne peut pas être enregistré maintenant, ou aucun secret n’est configuré.',
  'The page that offers to renew a consent; for browsers only.':
    'La page qui propose de renouveler un consentement ; pour les navigateurs seulement.',
  'A secret of the link.': 'Un secret du lien.',
  'No such link.': 'Ce lien n’existe pas.',
  'The page that offers to stop reminders by mail; for browsers only.':
    'La page qui propose d’arrêter les rappels par e-mail ; pour les navigateurs seulement.',
  'Stops them, as the page’s button and mail programs do (RFC 8058).':
    'Les arrête, comme le font le bouton de la page et les logiciels de messagerie (RFC 8058).',
  'Sends them again instead.': 'Les envoie de nouveau, au contraire.',
  'The link is over.': 'Le lien n’est plus valable.',
  'Opens a Bridge session for the renewal.':
    'Ouvre une session chez Bridge pour le renouvellement.',
  'On to Bridge.': 'Vers Bridge.',
  'Five times within a day, or too often from one address.':
    'Cinq fois en un jour, ou trop souvent depuis une adresse.',
  'Bridge does not answer.': 'Bridge ne répond pas.',
  'The page behind the address of get_portal_link; for browsers only.':
    'La page derrière l’adresse de get_portal_link ; pour les navigateurs seulement.',
  'No such address, or it is over.': 'Cette adresse n’existe pas, ou n’est plus valable.',
  "Lets its reader in to the site's page, once.":
    'Fait entrer son lecteur dans la page du site, une fois.',
  "On to the site's page, with a cookie.": 'Vers la page du site, avec un cookie.',
  'A form of another site.': 'Un formulaire d’un autre site.',
  'Where a renewal ends when the site named no page of its own; for browsers only.':
    'Là où finit un renouvellement quand le site n’a nommé aucune page ; pour les navigateurs seulement.',
}
