import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { methodsWith } from '../../../src/frappe/define-method.ts'
import type { Releasable } from '../../../src/frappe/define-method.ts'
import { untold } from '../../support/untold.ts'
import { aSite, key, path, secret, token } from './site.ts'

const effects = ['reads', 'reveals', 'changes', 'deletes'] as const

/** A site with a method of each effect, and what was run of them. */
async function aSiteOf(mayOnlyRead: boolean) {
  const ran: string[] = []
  const define = methodsWith<Releasable>()
  const methods = effects.map((effect) =>
    define({
      ...untold,
      effect,
      name: `bank_api.bridge.${effect}`,
      params: z.looseObject({}),
      run: async () => ran.push(effect),
    }),
  )
  const { app } = await aSite({ methods, mayOnlyRead: () => mayOnlyRead })
  return { app, ran }
}

type Asking = (name: string) => InjectOptions

const ways: [string, Asking][] = [
  ['by its path', (name) => ({ url: path(name), headers: { authorization: token } })],
  [
    'by a command',
    (name) => ({ url: `/?cmd=bank_api.bridge.${name}`, headers: { authorization: token } }),
  ],
  [
    'with credentials in the body',
    (name) => ({
      method: 'POST',
      url: path(name),
      payload: { api_key: key, api_secret: secret },
    }),
  ],
]

test.each(ways)('who may only read reaches nothing but what reads, %s', async (_way, asking) => {
  const { app, ran } = await aSiteOf(true)

  const answers = []
  for (const effect of effects) answers.push(await app.inject(asking(effect)))

  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 403, 403, 403])
  expect(answers[2]!.json()).toMatchObject({ exc_type: 'PermissionError', code: 'key_read_only' })
  expect(ran).toEqual(['reads'])
})

test('everything is open to the others', async () => {
  const { app, ran } = await aSiteOf(false)

  for (const effect of effects) await app.inject(ways[0]![1](effect))

  expect(ran).toEqual([...effects])
})
