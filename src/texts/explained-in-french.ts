import type { Code } from './say.ts'

/** What `explained` says, in French: for the pages of the console. */
export const explainedInFrench: Readonly<Record<Code, { means: string; remedy: string }>> = {
  credentials_missing: {
    means: 'L’appel n’a pas d’identifiants, ou son en-tête Authorization est d’un autre type.',
    remedy: 'Envoyez `Authorization: token API_KEY:API_SECRET`.',
  },
  credentials_invalid: {
    means:
      'La clé est inconnue, a été révoquée, ou son secret est un autre. La raison n’est jamais précisée.',
    remedy:
      'Comparez avec ce que `bank-api key create` a affiché. `bank-api key list` montre si la clé est encore valable ; `bank-api key rotate` lui donne un nouveau secret.',
  },
  verb_not_allowed: {
    means: 'C’est la réponse de Frappe à un autre verbe que GET, POST, PUT et DELETE.',
    remedy: 'Utilisez GET ou POST.',
  },
  site_key_required: {
    means: 'Seule la clé d’un site peut lire ce qui signe ses webhooks.',
    remedy: 'Appelez avec la clé de ce site, ou utilisez `bank-api site secret`.',
  },
  tenant_key_required: {
    means: 'Les sites, leurs clés et leur consommation ne sont montrés qu’aux clés de leur client.',
    remedy: 'Appelez avec une clé créée sans `--site`.',
  },
  key_read_only: {
    means:
      'La clé a été créée avec `--read-only` : liens, actualisations, suppressions, secrets et nouvelles clés lui sont fermés.',
    remedy: 'Appelez avec une autre clé ; ce qu’une clé permet ne change pas après sa création.',
  },
  method_unknown: {
    means: 'Aucune méthode ne porte ce nom.',
    remedy: 'Comparez le nom avec `/docs` ; celles du produit commencent par `bank_api.bridge.`.',
  },
  path_unknown: {
    means: 'Rien n’est servi à cette adresse.',
    remedy: 'Les méthodes sont à `/api/method/NAME` ; tout le reste est listé dans `/docs`.',
  },
  body_too_large: {
    means:
      'Le corps est plus grand que ce qui est lu : 256 Kio pour un appel, 64 Kio pour un webhook.',
    remedy: 'Envoyez les arguments seuls.',
  },
  body_unreadable: {
    means: 'Le corps n’est pas ce que dit son Content-Type.',
    remedy:
      'Envoyez du JSON en `application/json`, ou un formulaire en `application/x-www-form-urlencoded`.',
  },
  too_many_fields: {
    means:
      'Les paramètres d’URL ou le corps ont plus de 1 000 champs, ou un corps multipart plus de 4 001 lignes.',
    remedy: 'Envoyez les arguments seuls.',
  },
  arguments_unreadable: {
    means: 'Le corps est du JSON, mais ni un objet ni une liste.',
    remedy: 'Envoyez un objet JSON avec les arguments par leurs noms.',
  },
  request_unreadable: {
    means: 'L’adresse, un en-tête ou le corps ne peut pas être lu.',
    remedy:
      'Cherchez un `%` qui n’échappe rien, ou une bibliothèque qui construit l’adresse à la main.',
  },
  request_incomplete: {
    means: 'La connexion s’est rompue avant que toute la requête soit arrivée.',
    remedy: 'Renvoyez-la. Rien n’a été fait.',
  },
  http_unreadable: {
    means: 'Ce qui est arrivé n’est pas du HTTP.',
    remedy: 'Voyez si l’appelant parle `https` à un port qui attend du `http`.',
  },
  request_timeout: {
    means: 'La requête n’est pas arrivée en entier dans son délai.',
    remedy: 'Renvoyez-la, par une meilleure connexion. Rien n’a été fait.',
  },
  headers_too_large: {
    means: 'Les en-têtes sont plus grands que ce qui est lu.',
    remedy: 'Retirez les cookies et les en-têtes qui ne nous concernent pas.',
  },
  argument_required: {
    means: 'Un argument obligatoire manque ou est vide.',
    remedy: 'Donnez-le : le message le nomme.',
  },
  argument_invalid: {
    means: 'Un argument n’est pas du type attendu.',
    remedy: 'Corrigez-le : le message le nomme et dit ce qui est attendu.',
  },
  bridge_version_invalid: {
    means: 'L’en-tête Bridge-Version demande une forme de réponses qui n’existe pas.',
    remedy: 'Retirez l’en-tête, ou envoyez une des deux versions que le message nomme.',
  },
  address_not_allowed: {
    means:
      'Une adresse n’est pas sur le site qui appelle. Les navigateurs et les webhooks ne vont nulle part ailleurs.',
    remedy:
      'Donnez une adresse du site. S’il a déménagé, dites-le avec `bank-api site update --origin`.',
  },
  webhook_target_refused: {
    means: 'L’adresse de webhook mène à une machine qui n’est pas sur l’internet public.',
    remedy:
      'Donnez une adresse publique. `bank-api site allow-target` ouvre un réseau privé pour un site.',
  },
  email_required: {
    means: 'Bridge veut une adresse e-mail pour un nouvel utilisateur, et aucune n’est connue.',
    remedy: 'Donnez `email`, ou définissez `DEFAULT_USER_EMAIL`.',
  },
  site_ambiguous: {
    means: 'Avec la clé d’un client, ce qui est donné convient à plusieurs sites.',
    remedy: 'Donnez `site`.',
  },
  user_ambiguous: {
    means: 'Ce qui est donné convient à plusieurs utilisateurs.',
    remedy: 'Donnez `user`.',
  },
  name_ambiguous: {
    means: 'Plusieurs noms ne diffèrent de celui-ci que par la casse ou les espaces.',
    remedy: 'Donnez le nom dans son orthographe exacte.',
  },
  site_changed: {
    means: 'Pendant l’appel, le site a reçu une autre adresse.',
    remedy: 'Appelez de nouveau, avec la nouvelle adresse.',
  },
  site_gone: {
    means: 'Le site a été supprimé, ou l’est en ce moment.',
    remedy: 'Une suppression ne peut pas être annulée.',
  },
  too_many_sites: {
    means:
      'La clé d’un client crée des sites en les nommant, jusqu’à une limite, qui est atteinte.',
    remedy:
      'Cherchez un nom qui diffère d’un appel à l’autre. Une commande peut créer d’autres sites.',
  },
  too_many_users: {
    means:
      'Les clés d’un client créent des utilisateurs en les nommant, jusqu’à une limite, qui est atteinte.',
    remedy: 'Cherchez un nom qui diffère d’un appel à l’autre.',
  },
  too_many_keys: {
    means: 'Le site a autant de clés valables que des appels peuvent en créer pour lui.',
    remedy:
      'Voyez-les avec `list_sites`, et révoquez avec `revoke_site_key` celles que personne n’utilise.',
  },
  too_many_transactions: {
    means: 'Il y a plus d’opérations qu’une réponse n’en contient.',
    remedy: 'Demandez-en moins : le message dit comment.',
  },
  cursor_too_old: {
    means: 'Des événements après le curseur ont passé leur durée de conservation, et sont oubliés.',
    remedy:
      'Continuez depuis `oldest_cursor`, et relisez comptes et opérations : ce qui est oublié les concernait peut-être. Appelez plus souvent.',
  },
  site_not_found: {
    means: 'Aucun site de l’appelant ne porte ce nom.',
    remedy: 'Comparez avec `bank-api site list`.',
  },
  user_not_found: {
    means: 'Aucun utilisateur de l’appelant ne porte ce nom, ou il n’a pas encore de connexion.',
    remedy: 'Comparez l’orthographe avec celle de l’appel qui a fait le lien.',
  },
  item_not_found: {
    means: 'Cette connexion n’existe pas, ou n’est pas à l’appelant : la réponse est la même.',
    remedy:
      'Si elle était à lui, elle a été supprimée à la banque, chez Bridge ou par un appel : reconnectez la banque.',
  },
  account_not_found: {
    means: 'Ce compte n’existe pas, ou n’est pas à l’appelant : la réponse est la même.',
    remedy:
      'Relisez les comptes de la connexion : après une reconnexion ils ont de nouveaux identifiants.',
  },
  connect_request_not_found: {
    means: 'Aucun lien n’a été donné à l’appelant sous cet identifiant, ou il est oublié.',
    remedy: 'Utilisez le `request` qui est venu avec le lien, ou que le navigateur a rapporté.',
  },
  key_not_found: {
    means:
      'Aucune clé ne porte ce nom, ce n’est pas la clé d’un site, ou cette clé ne voit pas le site.',
    remedy: 'Comparez avec `list_sites`. Seul `bank-api key revoke` met fin aux clés d’un client.',
  },
  bank_not_found: {
    means: 'Bridge ne connaît aucune banque sous cet identifiant.',
    remedy: 'Prenez l’identifiant dans une connexion ou dans la liste des banques de Bridge.',
  },
  category_not_found: {
    means: 'Bridge ne connaît aucune catégorie sous cet identifiant.',
    remedy: 'Prenez l’identifiant dans une opération.',
  },
  too_many_calls: {
    means:
      'La clé, ou l’adresse sans clé, a fait trop d’appels en une minute ; ou trop de liens, d’autres URL de webhook, de clés de sites ou d’actions sur la page d’un site en un jour ; ou 500 appels du client, ou 400 des clés propres à un site, attendent leur réponse.',
    remedy:
      'Attendez le temps que disent `X-RateLimit-Reset` et `retry_after`, puis allez moins vite.',
  },
  too_many_large_answers: {
    means: 'Trop de longues listes du même client sont lues au même moment.',
    remedy: 'Attendez le temps indiqué, et demandez une liste après l’autre.',
  },
  refresh_limit_reached: {
    means: 'La connexion a été actualisée quatre fois en un jour, autant que la loi le permet.',
    remedy:
      'Attendez l’heure que le message nomme ; d’ici là les banques sont lues automatiquement.',
  },
  bridge_quota_spent: {
    means: 'Bridge accepte un nombre limité d’appels de cette passerelle, et il est atteint.',
    remedy: 'Attendez le temps indiqué. `bank-api quota` montre le quota.',
  },
  bridge_unavailable: {
    means:
      'Bridge est injoignable, ou ne répond à personne ; de nouvelles tentatives ont lieu automatiquement.',
    remedy: 'Réessayez après `retry_after` secondes.',
  },
  bridge_timeout: {
    means: 'Bridge n’a pas répondu à temps. Ce qui lui était demandé a peut-être eu lieu.',
    remedy: 'Lisez avant de changer une seconde fois.',
  },
  bridge_answer_invalid: {
    means: 'La réponse de Bridge n’a pas la forme qu’il documente.',
    remedy: 'Réessayez plus tard ; si cela dure, le champ est dans le journal.',
  },
  bridge_credentials_refused: {
    means: 'Bridge n’accepte pas les identifiants de cette passerelle.',
    remedy: 'Regardez `bank-api doctor`, et les identifiants dans le tableau de bord de Bridge.',
  },
  bridge_not_found: {
    means: 'Bridge ne connaît pas ce qui a été demandé.',
    remedy:
      'Réessayez plus tard. Ne reconnectez la banque que si la connexion elle-même répond `item_not_found`.',
  },
  bridge_request_refused: {
    means: 'Bridge n’a pas accepté ce que nous lui avons transmis.',
    remedy: 'Regardez la propriété que le message nomme ; sinon l’appel est dans le journal.',
  },
  webhook_secret_missing: {
    means:
      'À Bridge : aucun secret de webhook n’est configuré, donc rien ne prouve que ces événements viennent de lui.',
    remedy: 'Donnez à `BRIDGE_WEBHOOK_SECRETS` le secret du tableau de bord de Bridge.',
  },
  event_not_stored: {
    means: 'À Bridge : l’événement n’a pas pu être enregistré, donc il n’est pas confirmé.',
    remedy: 'Bridge le renvoie. `/ready` dit si la cause est le disque ou un verrou.',
  },
  database_unavailable: {
    means: 'Le serveur a perdu sa base, ou n’a plus de connexion pour l’appel.',
    remedy: 'Appelez de nouveau. Regardez `/ready` et PostgreSQL.',
  },
  signature_invalid: {
    means: 'À Bridge : la signature de l’événement manque ou n’est pas bonne.',
    remedy: 'Comparez `BRIDGE_WEBHOOK_SECRETS` avec le secret du tableau de bord de Bridge.',
  },
  internal_error: {
    means: 'Une erreur du programme.',
    remedy: 'Avec l’identifiant de la requête, `bank-api explain ID` et le journal en savent plus.',
  },
}
