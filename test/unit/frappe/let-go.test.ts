import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { methodsWith, type Releasable } from '../../../src/frappe/define-method.ts'
import { aSite, call, path } from './site.ts'
import { untold } from '../../support/untold.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test.each(['POST', 'PUT', 'GET'] as const)(
  'what a body held is let go of while the method still runs: %s',
  async (method) => {
    let came: WeakRef<object> | undefined
    let held: boolean | undefined
    const waits = methodsWith<Releasable>()({
      ...untold,
      name: 'bank_api.bridge.waits',
      params: z.object({
        big: z.unknown().transform((big) => {
          came = new WeakRef(big as object)
        }),
      }),
      async run() {
        await setImmediate()
        await setImmediate()
        collect()
        held = came!.deref() !== undefined
        return {}
      },
    })
    const { app } = await aSite({ methods: [waits] })

    const answer = await call(app, { method, url: path('waits'), payload: { big: [{}, {}] } })

    expect([answer.statusCode, held]).toEqual([200, false])
  },
)
