import type { Api } from '../api.ts'
import { user, userRoute, type User } from './user.ts'

export interface Users {
  /** A new user; Bridge answers 409 (a `BridgeStatusError`) when the external id is taken. */
  create(input: { externalUserId: string }): Promise<User>
  /** Removes the user with all items and data; a 404 is thrown, for the caller to weigh. */
  delete(userUuid: string): Promise<void>
  /** The user who has this external id, read from the token endpoint, the only one that takes it. */
  findByExternalId(externalUserId: string): Promise<User>
}

export function createUsers(api: Api): Users {
  return {
    create: ({ externalUserId }) =>
      api.send(
        {
          method: 'POST',
          route: '/v3/aggregation/users',
          body: { external_user_id: externalUserId },
        },
        user,
      ),
    delete: (userUuid) => api.run({ method: 'DELETE', route: userRoute, id: userUuid }),
    findByExternalId: (externalUserId) => api.userByExternalId(externalUserId),
  }
}
