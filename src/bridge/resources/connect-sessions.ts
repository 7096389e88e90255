import { z } from 'zod'
import type { Api } from '../api.ts'
import { loosely } from '../fields.ts'

/** One visit to Bridge's Connect page. The URL is a secret: whoever opens it connects a bank. */
const connectSession = z.looseObject({
  id: loosely(z.string()),
  url: z.url({ protocol: /^https?$/ }),
})
type ConnectSession = z.output<typeof connectSession>

/** Without `itemId` the session adds an item, with it the session manages that item. */
interface ConnectSessionInput {
  userEmail?: string | undefined
  /** ISO 3166-1 alpha-2, upper case. */
  countryCode?: string | undefined
  itemId?: number | undefined
  /** Renews the strong authentication now. Managing an item only. */
  forceReauthentication?: boolean | undefined
  accountTypes?: 'payment' | 'all' | undefined
  callbackUrl?: string | undefined
  /** At most 100 letters, digits and hyphens; comes back on the callback. */
  context?: string | undefined
}

export interface ConnectSessions {
  create(userUuid: string, input: ConnectSessionInput): Promise<ConnectSession>
}

export function createConnectSessions(api: Api): ConnectSessions {
  return {
    create: (userUuid, input) =>
      api.send(
        {
          method: 'POST',
          route: '/v3/aggregation/connect-sessions',
          user: userUuid,
          body: {
            user_email: input.userEmail,
            country_code: input.countryCode,
            item_id: input.itemId,
            force_reauthentication: input.forceReauthentication,
            account_types: input.accountTypes,
            callback_url: input.callbackUrl,
            context: input.context,
          },
        },
        connectSession,
      ),
  }
}
