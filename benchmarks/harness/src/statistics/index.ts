export * from './estimate.js'
export * from './tests.js'
export * from './verdict.js'
