import type { Json } from './schema.ts'

/** One verb of one path. */
export interface Operation {
  operationId: string
  tags: string[]
  summary: string
  parameters?: Parameter[]
  requestBody?: Json
  responses: Record<string, Json>
  security?: Record<string, string[]>[]
}

/** By verb. */
export type PathItem = Record<string, Operation>

export interface Parameter {
  name: string
  in: 'query' | 'path' | 'header'
  required: boolean
  description: string
  schema: Json
  example?: string | number
}
