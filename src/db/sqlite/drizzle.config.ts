import { defineConfig } from 'drizzle-kit'

// Paths are relative to the folder npm runs in: the root.
export default defineConfig({
  dialect: 'sqlite',
  casing: 'snake_case',
  schema: './src/db/sqlite/schema/index.ts',
  out: './drizzle/sqlite',
})
