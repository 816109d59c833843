export { correlation, spearman } from './correlation.js'
export * from './estimate.js'
export * from './tests.js'
export * from './verdict.js'
