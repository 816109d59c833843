export * from './errors.js'
export * from './random/index.js'
