import { randomUUID } from 'node:crypto'
import { NotTestableError, unless, untestable, type Point } from '../point.ts'

const users = '/v3/aggregation/users'
const tokens = '/v3/aggregation/authorization/token'

/** Users and their tokens. */
export const usersAndTokens: readonly Point[] = [
  {
    id: 'user-made',
    assumed: 'To make a user is 201 with its `uuid`; the same `external_user_id` again is 409.',
    async check({ call, user }) {
      const { uuid } = await user()
      const { body } = await call('GET', `${users}/${uuid}`)
      const again = await call('POST', users, {
        body: { external_user_id: body?.external_user_id },
      })
      return unless([uuid], body?.uuid, 'uuid') ?? unless([409], again.status, 'again')
    },
  },
  {
    id: 'user-deleted',
    assumed: 'To delete a user is 204; then it is 404.',
    async check({ call, newUser }) {
      const path = `${users}/${(await newUser()).uuid}`
      const gone = await call('DELETE', path)
      const then = await call('GET', path)
      return unless([204], gone.status, 'status') ?? unless([404], then.status, 'then')
    },
  },
  {
    id: 'user-id-malformed',
    assumed: 'An `external_user_id` with other characters is 400.',
    check: async ({ call }) =>
      unless(
        [400],
        (await call('POST', users, { body: { external_user_id: 'a b' } })).status,
        'status',
      ),
  },
  {
    id: 'user-cap',
    assumed: 'An application may have more than 20 users.',
    switches: ['userCap'],
    async check({ call, user }) {
      await user()
      const made: string[] = []
      try {
        while (made.length < 20) {
          const { status, body } = await call('POST', users, {
            body: { external_user_id: `conformance-${randomUUID()}` },
          })
          if (status !== 201) return `beside the first, ${made.length} more; then ${status}`
          made.push(body.uuid as string)
        }
        return undefined
      } finally {
        for (const uuid of made) await call('DELETE', `${users}/${uuid}`)
      }
    },
  },
  {
    id: 'token-unknown-user',
    assumed: 'A token for a user that does not exist is 404.',
    switches: ['unknownUserToken'],
    async check({ call }) {
      const body = { user_uuid: '00000000-0000-4000-8000-000000000000' }
      return unless([404], (await call('POST', tokens, { body })).status, 'status')
    },
  },
  {
    id: 'token-one-identifier',
    assumed: 'A token by both identifiers of a user, or by none, is 400.',
    async check({ call, user }) {
      const { uuid } = await user()
      const both = await call('POST', tokens, { body: { user_uuid: uuid, external_user_id: 'a' } })
      const none = await call('POST', tokens, { body: {} })
      return unless([400], both.status, 'both') ?? unless([400], none.status, 'none')
    },
  },
  {
    id: 'token-again',
    assumed: 'A second token is another one, and the first stays good.',
    switches: ['tokenReissue'],
    async check({ call, newUser }) {
      const { uuid, token: first } = await newUser()
      const { body } = await call('POST', tokens, { body: { user_uuid: uuid } })
      if (body?.access_token === first) return 'it is the same'
      const { status } = await call('GET', '/v3/aggregation/items', { token: first })
      return unless([200], status, 'the first then')
    },
  },
  {
    id: 'token-life',
    assumed: 'A token is good for two hours.',
    async check({ call, newUser }) {
      const { uuid } = await newUser()
      const { body, headers } = await call('POST', tokens, { body: { user_uuid: uuid } })
      const now = Date.parse(String(headers['date']))
      const minutes = Math.round((Date.parse(String(body?.expires_at)) - now) / 60_000)
      return unless([119, 120, 121], minutes, 'minutes')
    },
  },
  untestable(
    'users-of-2021',
    'Users are made under /v3 alone.',
    'calls of 2021-06-01 are not used but for refreshes',
  ),
]

/** Last of all: it takes every user of the application. */
export const deletingAll: Point = {
  id: 'users-delete-all',
  assumed: '`DELETE /v3/aggregation/users` deletes all users: 204.',
  switches: ['deleteAllUsers'],
  async check({ call, mayDeleteAll }) {
    if (!mayDeleteAll) {
      throw new NotTestableError('it deletes every user there is: --may-delete-all-users')
    }
    return unless([204], (await call('DELETE', users)).status, 'status')
  },
}
