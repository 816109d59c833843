export * from './errors.js'
export * from './files/index.js'
export * from './random/index.js'
