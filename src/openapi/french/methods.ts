/** What methods, their arguments and the fields of their answers say. */
export const methodsInFrench: Readonly<Record<string, string>> = {
  'A link that connects a bank, or manages the item named.':
    'Un lien qui connecte une banque, ou gère la connexion nommée.',
  'A link that manages an item: credentials, shared accounts, whatever its status asks for.':
    'Un lien qui gère une connexion : identifiants, comptes partagés, tout ce que son état demande.',
  "A link that renews an item's strong customer authentication now, even if it is still valid.":
    'Un lien qui renouvelle dès maintenant l’authentification forte d’une connexion, même si elle est encore valable.',
  'A link for a business account, which Bridge no longer confirms apart: it manages the item, or connects one.':
    'Un lien pour un compte professionnel, que Bridge ne confirme plus à part : il gère la connexion, ou en crée une.',
  'What became of a connect request.': 'Ce qu’est devenue une demande de connexion.',
  "The Bridge Item document: ours, then Bridge's live fields, then what to do next and when.":
    'Le document Bridge Item : d’abord nos champs, puis ceux de Bridge à cet instant, puis ce qu’il faut faire et quand.',
  'Ends a connection: at Bridge first, then here. Already gone there counts as done.':
    'Met fin à une connexion : chez Bridge d’abord, puis ici. Si elle n’y est déjà plus, c’est fait.',
  'Asks Bridge to read the bank again, at most four times a day. Bridge usually refuses; the answer then says what to do instead.':
    'Demande à Bridge de relire la banque, quatre fois par jour au plus. Bridge refuse d’ordinaire ; la réponse dit alors quoi faire à la place.',
  'All accounts of a connection.': 'Tous les comptes d’une connexion.',
  'A bank, which Bridge calls a provider.': 'Une banque, que Bridge appelle un fournisseur.',
  "All transactions of an account, each with its category's name.":
    'Toutes les opérations d’un compte, chacune avec le nom de sa catégorie.',
  "All transactions of the user's accounts, or of one item or account, each with its category's name.":
    'Toutes les opérations des comptes de l’utilisateur, ou d’une connexion ou d’un compte, chacune avec le nom de sa catégorie.',
  'A transaction category in `lang`; without an id the whole tree.':
    'Une catégorie d’opérations dans la langue `lang` ; sans identifiant, tout l’arbre.',
  "What the site's webhooks are signed with; for the site's own key alone.":
    'Le secret qui signe les webhooks du site ; seulement pour la clé du site lui-même.',
  'The events that webhooks deliver, in order, from where your last call stopped: for sites that cannot receive webhooks or were offline.':
    'Les événements que livrent les webhooks, dans l’ordre, à partir de la fin de votre dernier appel : pour les sites qui ne peuvent pas en recevoir ou étaient hors ligne.',
  "An address that shows one person the site's connections and events, for an hour; to a tenant key, all its sites'.":
    'Une adresse qui montre à une personne les connexions et les événements du site, pendant une heure ; pour une clé de client, ceux de tous ses sites.',
  'The sites of the tenant, each with its keys that are good, without secrets; for tenant keys.':
    'Les sites du client, chacun avec ses clés valables, sans secrets ; pour les clés de client.',
  'Each call makes a key of one site, and the site when it is new; for tenant keys. The secret is in this answer alone.':
    'Chaque appel crée une clé pour un site, et le site s’il est nouveau ; pour les clés de client. Le secret n’est donné que dans cette réponse.',
  'Ends a key of one of the sites, at once and for good; for tenant keys. Calling it again changes nothing.':
    'Met fin à une clé d’un des sites, tout de suite et pour toujours ; pour les clés de client. L’appeler encore ne change rien.',
  'What each site used in a month, for a host that bills by it; for tenant keys.':
    'Ce que chaque site a utilisé en un mois, pour un hébergeur qui facture ainsi ; pour les clés de client.',
  'Tells whether the key works, and whose it is.': 'Dit si la clé fonctionne, et à qui elle est.',
  'Answers, to anybody.': 'Répond, à n’importe qui.',

  'Where the browser goes at the end: absolute, or relative to the site. It comes back with `request`, `success` and `item_id` or `step` in the query.':
    'Où va le navigateur à la fin : adresse entière, ou relative au site. Il revient avec `request`, `success` et `item_id` ou `step` dans l’adresse.',
  "The site's own address. The first call pins it; with a tenant key it says which site is meant.":
    'L’adresse du site lui-même. Le premier appel la fixe ; avec une clé de client elle dit de quel site il s’agit.',
  "Where the site wants its webhooks: absolute, or relative to the site. Kept as the site's from then on.":
    'Où le site veut recevoir ses webhooks : adresse entière, ou relative au site. Gardée ensuite comme celle du site.',
  "The site's own word for the bank.": 'Le nom que le site donne à la banque.',
  'The name of the site: needed with a tenant key that sees several.':
    'Le nom du site : obligatoire avec une clé de client qui en voit plusieurs.',
  'What the user reads, `fr` or `en`: kept for reminders by mail.':
    'Ce que lit l’utilisateur, `fr` ou `en` : gardé pour les rappels par e-mail.',
  "The user's e-mail address, which Bridge needs for a new item; `user` serves when it is one.":
    'L’adresse e-mail de l’utilisateur, dont Bridge a besoin pour une nouvelle connexion ; `user` suffit si c’en est une.',
  'Which banks are shown: ISO 3166, France by default.':
    'Quelles banques sont montrées : ISO 3166, la France par défaut.',
  '`payment`: payment accounts alone, which Bridge bills less; `all` by default.':
    '`payment` : les comptes de paiement seulement, que Bridge facture moins ; `all` par défaut.',
  "Bridge's id of a bank connection, as get_bridge_item_id answers it.":
    'L’identifiant d’une connexion chez Bridge, tel que get_bridge_item_id le renvoie.',
  "The site's own name for the user whose banks these are, or Bridge's uuid of that user.":
    'Le nom que le site donne à l’utilisateur dont ce sont les banques, ou l’uuid de cet utilisateur chez Bridge.',
  'The id of a connect request, from the answer of a link method.':
    'L’identifiant d’une demande de connexion, dans la réponse d’une méthode de lien.',
  'The name of the site; with a tenant key, all its sites when missing.':
    'Le nom du site ; avec une clé de client, tous ses sites s’il manque.',
  "`fr` or `en`; the browser's own when missing.":
    '`fr` ou `en` ; la langue du navigateur s’il manque.',
  'To open in a browser, for whoever may see and do all that it shows.':
    'À ouvrir dans un navigateur, pour qui peut voir et faire tout ce qu’elle montre.',
  'Until when it lets somebody in.': 'Jusqu’à quand elle laisse entrer quelqu’un.',
  '`fr` or `en`; Accept-Language when missing.': '`fr` ou `en` ; Accept-Language s’il manque.',
  "Bridge's id of a bank, which it calls a provider.":
    'L’identifiant d’une banque chez Bridge, qui l’appelle un fournisseur.',
  "What changed since then: a date, or a datetime, in the site's time zone unless it names one. Deleted rows come too, with `deleted`.":
    'Ce qui a changé depuis : une date, ou une date avec une heure, dans le fuseau du site sauf si elle en nomme un. Les lignes supprimées viennent aussi, avec `deleted`.',
  'What changed before then; read as `since` is.': 'Ce qui a changé avant ; lu comme `since`.',
  'Transactions of that day or later.': 'Les opérations de ce jour ou d’après.',
  'Transactions of that day or earlier.': 'Les opérations de ce jour ou d’avant.',
  "Bridge's id of an account, as get_bank_accounts answers it.":
    'L’identifiant d’un compte chez Bridge, tel que get_bank_accounts le renvoie.',
  "Bridge's id of a category; without it, the whole tree.":
    'L’identifiant d’une catégorie chez Bridge ; sans lui, tout l’arbre.',
  'Where the last answer ended. Without it and `since` the feed begins now.':
    'Où la dernière réponse s’est arrêtée. Sans lui ni `since`, le fil commence maintenant.',
  'What came since then, of what is kept; without `cursor`. Read as that of transactions.':
    'Ce qui est venu depuis, parmi ce qui est gardé ; sans `cursor`. Lu comme celui des opérations.',
  'The types that are wanted, between commas; all when missing. A list is taken too, as JSON.':
    'Les types voulus, entre virgules ; tous s’il manque. Une liste est acceptée aussi, en JSON.',
  'How many at most, up to 500; 100 when missing.':
    'Combien au plus, jusqu’à 500 ; 100 s’il manque.',
  'The name of the site, made when there is none.': 'Le nom du site, créé s’il n’existe pas.',
  'What the key is for, as people read it.': 'À quoi sert la clé, en clair.',
  'Whether the key may only read.': 'Si la clé ne permet que la lecture.',
  'The key, without its secret, as create_site_key and list_sites answer it.':
    'La clé, sans son secret, telle que create_site_key et list_sites la renvoient.',
  'A month of UTC; this one when missing.': 'Un mois en UTC ; celui-ci s’il manque.',

  'Null until Bridge confirmed an item.': 'Null tant que Bridge n’a pas confirmé de connexion.',
  'Where the user left, when it failed.':
    'À quelle étape l’utilisateur a abandonné, en cas d’échec.',
  'How many accounts went with it.': 'Combien de comptes ont disparu avec elle.',
  'What helps.': 'Ce qu’il faut faire.',
  '`whsec_…`, as Standard Webhooks.': '`whsec_…`, comme dans Standard Webhooks.',
  "The webhook's `webhook-id`: one that you have had is a repeat.":
    'Le `webhook-id` du webhook : celui que vous avez déjà eu est une répétition.',
  "The webhook's body.": 'Le corps du webhook.',
  'Where the next call goes on.': 'Où le prochain appel reprend.',
  'Whether to call again at once; also when `events` is empty.':
    'S’il faut rappeler tout de suite ; aussi quand `events` est vide.',
  'Its address, pinned by its first link.': 'Son adresse, fixée par son premier lien.',
  'Without its query, to a key that only reads.':
    'Sans ses paramètres, pour une clé qui ne permet que la lecture.',
  'To the hour.': 'À l’heure près.',
  'Shown this once: keep it.': 'Montré cette seule fois : gardez-le.',
  "Null: what was asked with the tenant's own keys. Deleted sites stay.":
    'Null : ce qui a été demandé avec les clés du client lui-même. Les sites supprimés restent.',
  'That lived at some time of the month.': 'Celles qui ont existé à un moment du mois.',
  'That were answered.': 'Ceux qui ont reçu une réponse.',
  'That its endpoint took.': 'Ceux que son adresse a acceptés.',
  'Consents that were renewed before their end.':
    'Les consentements qui ont été renouvelés avant leur fin.',
  'Where the user connects the bank: send them there at once. A secret, good for a day at most.':
    'Où l’utilisateur connecte la banque : envoyez-l’y aussitôt. Un secret, valable un jour au plus.',
  'The same address.': 'La même adresse.',
  'The connect request: ask get_bridge_item_id what became of it.':
    'La demande de connexion : get_bridge_item_id dit ce qu’elle est devenue.',
  'That user of that site has a living item at the same bank already.':
    'Cet utilisateur de ce site a déjà une connexion à la même banque.',
  "The site's name.": 'Le nom du site.',
  'What to do: nothing, wait, or open the link of that name.':
    'Que faire : rien, attendre, ou ouvrir le lien de ce nom.',
  'When to do it, where that is known.': 'Quand le faire, si cela est connu.',
  'The account that this one came in the place of: the same IBAN, of a connection that is no more.':
    'Le compte que celui-ci remplace : le même IBAN, d’une connexion qui n’existe plus.',
  'Until when the bank had been read for it; null when that is not known.':
    'Jusqu’à quand la banque avait été lue pour lui ; null si cela n’est pas connu.',
  'The name of its category; null when it has none.':
    'Le nom de sa catégorie ; null si elle n’en a pas.',
}
