import { defineConfig } from 'drizzle-kit'

// Paths are relative to the folder npm runs in: the root.
export default defineConfig({
  dialect: 'postgresql',
  casing: 'snake_case',
  schema: './src/db/postgres/schema/index.ts',
  out: './drizzle/postgres',
})
