export * from './instance.ts'
export * from './tenants.ts'
export * from './connections.ts'
