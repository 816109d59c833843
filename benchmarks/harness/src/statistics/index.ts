export * from './estimate.js'
export * from './verdict.js'
