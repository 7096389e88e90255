import { z } from 'zod'
import { readOrigin, readTimeZone, readWebAddress } from '../connect/site-urls.ts'
import { reminderWays } from '../db/ports/reminder-ways.ts'
import { foldName, isName } from '../names.ts'

const name = z.string().refine(isName, {
  error: 'expected a name without control or invisible characters and without outer spaces',
})

const readBy = <T>(read: (text: string) => T | undefined, expected: string) =>
  z.string().transform((text, { issues }) => {
    const value = read(text)
    if (value !== undefined) return value
    issues.push({ code: 'custom', message: `expected ${expected}`, input: text })
    return z.NEVER
  })

const webAddress = readBy(readWebAddress, 'an http or https address without credentials')

const origin = readBy(readOrigin, 'an http or https address without credentials or path')

/** Known by its label: that tells it from the others of its site, or of its tenant. */
const key = z.strictObject({ label: name, read_only: z.boolean().default(false) })

const keys = z
  .array(key)
  .default([])
  .refine(...noneTwice('label'))

const site = z.strictObject({
  site: name,
  origin: origin.optional(),
  allowed_origins: z.array(origin).optional(),
  webhook_url: webAddress.transform((url) => url.href).nullish(),
  time_zone: readBy(readTimeZone, 'a time zone such as Europe/Paris').optional(),
  remind_by: z.enum(reminderWays, { error: 'expected webhook or mail' }).optional(),
  keys,
})

const tenant = z.strictObject({
  tenant: name,
  keys,
  sites: z
    .array(site)
    .default([])
    .refine(...noneTwice('site')),
})

const declaration = z.strictObject({
  tenants: z.array(tenant).refine(...noneTwice('tenant')),
})

export type DeclaredKey = z.output<typeof key>
export type DeclaredSite = z.output<typeof site>
export type Declaration = z.output<typeof declaration>

/** What a file says that there shall be, or all that is wrong with it, each with its path. */
export function readDeclaration(text: string): { declared: Declaration } | { problems: string[] } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return { problems: [`It is no JSON: ${(error as Error).message}`] }
  }
  const parsed = declaration.safeParse(json)
  if (parsed.success) return { declared: parsed.data }
  return {
    problems: parsed.error.issues.map(({ path, message }) => `${pathOf(path)}: ${message}`),
  }
}

/** As `tenants[0].sites[2].webhook_url`, counted as programs count. */
const pathOf = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '') || 'the file'

/** Of things that one list names, no two may be the same one in two spellings; asked whatever else is wrong. */
function noneTwice(field: 'label' | 'site' | 'tenant') {
  const twice = (list: unknown): string | undefined => {
    const all = Array.isArray(list) ? (list as Record<string, unknown>[]) : []
    const names = all.map((one) => one?.[field]).filter((one) => typeof one === 'string')
    const folded = names.map(foldName)
    return names.find((_, index) => folded.indexOf(folded[index]!) < index)
  }
  return [
    (list: unknown) => twice(list) === undefined,
    {
      error: ({ input }: { input?: unknown }) => `${twice(input)} stands there twice`,
      when: () => true,
    },
  ] as const
}
