/** Linear mode connectivity: lines between networks, error barriers, instability analysis. */
export { type InstabilityOptions, instability } from './instability.js'
export { interpolate, lineOf } from './interpolate.js'
export { barrier, errorOf, type Line, type LineOptions, walkLine } from './line.js'
export { type StatisticsGraph, type StatisticsOptions, statisticsMaker, statisticsTraceHash } from './statistics.js'
