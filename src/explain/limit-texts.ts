import type { LimitName } from '../errors.ts'

/** What each limit is, and what helps beside waiting. */
export const limitTexts: Record<LimitName, { met: string; remedy: string }> = {
  key: {
    met: 'The key made more calls in a minute than LIMIT_PER_KEY allows.',
    remedy: 'Look for a loop in the site; raise LIMIT_PER_KEY if it is none.',
  },
  address: {
    met: 'Its address made more calls without a good key than LIMIT_PER_ADDRESS allows in a minute.',
    remedy:
      'Give the site a good key. When all callers seem to have one address, name your proxy in TRUSTED_PROXIES.',
  },
  callbacks: {
    met: 'More browsers came back from one address in a minute than are let in.',
    remedy: 'When all browsers seem to have one address, name your proxy in TRUSTED_PROXIES.',
  },
  tenant_links: {
    met: 'The tenant asked for all the links it may have in a day.',
    remedy: 'Look for a loop that asks for links; the bound cannot be raised.',
  },
  site_links: {
    met: 'The site asked for all the links it may have in a day.',
    remedy: 'Look for a loop that asks for links; the bound cannot be raised.',
  },
  site_webhook_urls: {
    met: 'The site named another webhook URL too often in a day.',
    remedy: 'Look for a webhook_url that differs from call to call.',
  },
  tenant_site_keys: {
    met: 'The tenant made all the keys of sites that it may make in a day.',
    remedy:
      'Look for a loop that makes keys; `key create` on the command line knows no such bound.',
  },
  site_acts: {
    met: "All was done on the site's page that may be done in a day.",
    remedy: 'Send webhooks again with `webhook replay`: the command line knows no such bound.',
  },
  application: {
    met: 'All tenants together spent what QUOTA_BURST and QUOTA_PER_SECOND let out to Bridge.',
    remedy:
      'See who waits with `bank-api quota`; raise them only as far as Bridge allows your application.',
  },
  tenant_share: {
    met: 'The tenant spent its share, half of QUOTA_BURST, so that others get theirs.',
    remedy: 'See who waits with `bank-api quota`, and which site asks so much with `call list`.',
  },
  bridge_user: {
    met: 'Bridge allows so many calls a minute for one user (QUOTA_USER_PER_MINUTE), and these were spent.',
    remedy: 'Ask less often for this user, or for several accounts with one call.',
  },
  bridge_tokens: {
    met: 'Bridge gives one user so many access tokens a minute, and these were spent.',
    remedy: 'Wait a minute. If it comes back, several servers may use the same Bridge application.',
  },
  bridge: {
    met: 'Bridge itself answered that it takes no more calls.',
    remedy:
      'When `bank-api quota` shows calls left, something else uses the same Bridge application.',
  },
}
