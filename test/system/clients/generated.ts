import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { generate } from 'openapi-typescript-codegen'
import orval from 'orval'
import { rolldown } from 'rolldown'
import type { Finishing } from '../../support/gateway.ts'

/** The document that a server gives of itself, in a folder for what is made of it. */
interface Described {
  origin: string
  folder: string
  file: string
}

export async function describedBy(origin: string, ended: Finishing): Promise<Described> {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-generated-'))
  ended(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'openapi.json')
  writeFileSync(file, await (await fetch(`${origin}/openapi.json`)).text())
  return { origin, folder, file }
}

/** What openapi-typescript-codegen makes: for each tag its functions, by `operationId`. */
type CodegenClient = Record<
  string,
  Record<string, (options: object) => Promise<{ message: unknown }>>
>
export type CodegenClass = new (config: {
  BASE: string
  USERNAME: string
  PASSWORD: string
}) => CodegenClient

export async function withCodegen({ folder, file }: Described): Promise<CodegenClass> {
  const output = join(folder, 'codegen')
  await generate({ input: file, output, clientName: 'BankApi', useOptions: true })
  const { BankApi } = await load<{ BankApi: CodegenClass }>(join(output, 'index.ts'))
  return BankApi
}

/** What orval makes: functions by `operationId`, which take what goes into the query, or the body. */
export type OrvalClient = Record<
  string,
  (given: object, options: RequestInit) => Promise<{ status: number; data: unknown }>
>

export async function withOrval({ origin, folder, file }: Described): Promise<OrvalClient> {
  const target = join(folder, 'orval.ts')
  await orval({
    input: { target: file },
    output: { target, client: 'fetch', mode: 'single', baseUrl: origin },
  })
  return load<OrvalClient>(target)
}

/** Their TypeScript needs a compiler: Node strips types and does no more. */
async function load<Module>(input: string): Promise<Module> {
  const bundle = await rolldown({ input, platform: 'node' })
  const file = `${input}.mjs`
  await bundle.write({ file, format: 'esm' })
  await bundle.close()
  return (await import(pathToFileURL(file).href)) as Module
}
