import type { LimitName } from '../errors.ts'
import type { Localized } from '../language.ts'

/** What each limit is, and what helps beside waiting. */
export const limitTexts: Record<LimitName, { met: Localized; remedy: Localized }> = {
  key: {
    met: {
      en: 'The key made more calls in a minute than LIMIT_PER_KEY allows.',
      fr: 'La clé a fait plus d’appels en une minute que LIMIT_PER_KEY n’en permet.',
    },
    remedy: {
      en: 'Look for a loop in the site; raise LIMIT_PER_KEY if it is none.',
      fr: 'Cherchez une boucle dans le site ; augmentez LIMIT_PER_KEY s’il n’y en a pas.',
    },
  },
  address: {
    met: {
      en: 'Its address made more calls without a good key than LIMIT_PER_ADDRESS allows in a minute.',
      fr: 'Son adresse a fait en une minute plus d’appels sans bonne clé que LIMIT_PER_ADDRESS n’en permet.',
    },
    remedy: {
      en: 'Give the site a good key. When all callers seem to have one address, name your proxy in TRUSTED_PROXIES.',
      fr: 'Donnez au site une bonne clé. Si tous les appelants semblent avoir une adresse, nommez votre proxy dans TRUSTED_PROXIES.',
    },
  },
  callbacks: {
    met: {
      en: 'More browsers came back from one address in a minute than are let in.',
      fr: 'Plus de navigateurs sont revenus d’une adresse en une minute qu’il n’en est admis.',
    },
    remedy: {
      en: 'When all browsers seem to have one address, name your proxy in TRUSTED_PROXIES.',
      fr: 'Si tous les navigateurs semblent avoir une adresse, nommez votre proxy dans TRUSTED_PROXIES.',
    },
  },
  tenant_calls: {
    met: {
      en: 'The tenant had 500 calls that were not answered yet.',
      fr: 'Le client avait 500 appels auxquels il n’était pas encore répondu.',
    },
    remedy: {
      en: 'Look for what calls so much at once; the bound cannot be raised.',
      fr: 'Cherchez ce qui appelle autant à la fois ; la limite ne peut pas être augmentée.',
    },
  },
  site_calls: {
    met: {
      en: "The site's own keys had 400 calls that were not answered yet.",
      fr: 'Les clés propres au site avaient 400 appels auxquels il n’était pas encore répondu.',
    },
    remedy: {
      en: 'Look for what calls so much at once; the bound cannot be raised.',
      fr: 'Cherchez ce qui appelle autant à la fois ; la limite ne peut pas être augmentée.',
    },
  },
  tenant_links: {
    met: {
      en: 'The tenant asked for all the links it may have in a day.',
      fr: 'Le client a demandé tous les liens qu’il peut avoir en un jour.',
    },
    remedy: {
      en: 'Look for a loop that asks for links; the bound cannot be raised.',
      fr: 'Cherchez une boucle qui demande des liens ; la limite ne peut pas être augmentée.',
    },
  },
  site_links: {
    met: {
      en: 'The site asked for all the links it may have in a day.',
      fr: 'Le site a demandé tous les liens qu’il peut avoir en un jour.',
    },
    remedy: {
      en: 'Look for a loop that asks for links; the bound cannot be raised.',
      fr: 'Cherchez une boucle qui demande des liens ; la limite ne peut pas être augmentée.',
    },
  },
  site_webhook_urls: {
    met: {
      en: 'The site named another webhook URL too often in a day.',
      fr: 'Le site a nommé trop souvent une autre URL de webhook en un jour.',
    },
    remedy: {
      en: 'Look for a webhook_url that differs from call to call.',
      fr: 'Cherchez un webhook_url qui diffère d’un appel à l’autre.',
    },
  },
  tenant_site_keys: {
    met: {
      en: 'The tenant made all the keys of sites that it may make in a day.',
      fr: 'Le client a créé toutes les clés de sites qu’il peut créer en un jour.',
    },
    remedy: {
      en: 'Look for a loop that makes keys; `key create` on the command line knows no such bound.',
      fr: 'Cherchez une boucle qui crée des clés ; `key create` en ligne de commande ne connaît pas cette limite.',
    },
  },
  site_acts: {
    met: {
      en: "All was done on the site's page that may be done in a day.",
      fr: 'Tout ce qui peut être fait en un jour sur la page du site l’a été.',
    },
    remedy: {
      en: 'Send webhooks again with `webhook replay`: the command line knows no such bound.',
      fr: 'Renvoyez des webhooks avec `webhook replay` : la ligne de commande ne connaît pas cette limite.',
    },
  },
  application: {
    met: {
      en: 'All tenants together spent what QUOTA_BURST and QUOTA_PER_SECOND let out to Bridge.',
      fr: 'Tous les clients ensemble ont épuisé ce que QUOTA_BURST et QUOTA_PER_SECOND laissent aller à Bridge.',
    },
    remedy: {
      en: 'See who waits with `bank-api quota`; raise them only as far as Bridge allows your application.',
      fr: 'Voyez qui attend avec `bank-api quota` ; ne les augmentez que jusqu’à ce que Bridge permet à votre application.',
    },
  },
  tenant_share: {
    met: {
      en: 'The tenant spent its share, half of QUOTA_BURST, so that others get theirs.',
      fr: 'Le client a épuisé sa part, la moitié de QUOTA_BURST, pour que les autres aient la leur.',
    },
    remedy: {
      en: 'See who waits with `bank-api quota`, and which site asks so much with `call list`.',
      fr: 'Voyez qui attend avec `bank-api quota`, et quel site demande tant avec `call list`.',
    },
  },
  bridge_user: {
    met: {
      en: 'Bridge allows so many calls a minute for one user (QUOTA_USER_PER_MINUTE), and these were spent.',
      fr: 'Bridge limite les appels par minute pour un utilisateur (QUOTA_USER_PER_MINUTE), et cette limite est atteinte.',
    },
    remedy: {
      en: 'Ask less often for this user, or for several accounts with one call.',
      fr: 'Demandez moins souvent pour cet utilisateur, ou pour plusieurs comptes en un appel.',
    },
  },
  bridge_tokens: {
    met: {
      en: 'Bridge gives one user so many access tokens a minute, and these were spent.',
      fr: 'Bridge limite les jetons d’accès qu’un utilisateur peut avoir par minute, et cette limite est atteinte.',
    },
    remedy: {
      en: 'Wait a minute. If it comes back, several servers may use the same Bridge application.',
      fr: 'Attendez une minute. Si cela revient, plusieurs serveurs utilisent peut-être la même application Bridge.',
    },
  },
  bridge: {
    met: {
      en: 'Bridge itself answered that it takes no more calls.',
      fr: 'Bridge lui-même a répondu qu’il n’accepte plus d’appels.',
    },
    remedy: {
      en: 'When `bank-api quota` shows calls left, something else uses the same Bridge application.',
      fr: 'Si `bank-api quota` montre qu’il reste des appels, autre chose utilise la même application Bridge.',
    },
  },
}
