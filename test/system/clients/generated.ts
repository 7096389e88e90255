import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { generate } from 'openapi-typescript-codegen'
import { rolldown } from 'rolldown'
import type { Finishing } from '../../support/gateway.ts'

type Call = (options: object) => Promise<{ message: unknown }>

/** What the generator makes of our document: for each tag its functions, by `operationId`. */
export type GeneratedClient = Record<string, Record<string, Call>>
export type MakeClient = new (config: {
  BASE: string
  USERNAME: string
  PASSWORD: string
}) => GeneratedClient

/** A client made from the document that a server gives of itself, in a folder of its own. */
export async function generateClient(origin: string, ended: Finishing): Promise<MakeClient> {
  const folder = mkdtempSync(join(tmpdir(), 'bank-api-generated-'))
  ended(() => rmSync(folder, { recursive: true, force: true }))
  const document = (await (await fetch(`${origin}/openapi.json`)).json()) as object
  const output = join(folder, 'source')
  await generate({ input: document, output, clientName: 'BankApi', useOptions: true })
  // Its TypeScript needs a compiler: Node strips types and does no more.
  const bundle = await rolldown({ input: join(output, 'index.ts'), platform: 'node' })
  const file = join(folder, 'client.mjs')
  await bundle.write({ file, format: 'esm' })
  await bundle.close()
  const { BankApi } = (await import(pathToFileURL(file).href)) as { BankApi: MakeClient }
  return BankApi
}
