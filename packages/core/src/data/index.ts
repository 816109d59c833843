/** Data sets: registry, search, download, checks, splits. */
export type { DownloadOptions, DownloadProgress } from './download.js'
export {
  type DatasetStatus,
  fetchDataset,
  type LoadOptions,
  listDatasets,
  loadDataset,
  verifyDataset,
} from './load.js'
export type { LocateOptions } from './locate.js'
export { datasetInfo, datasetNames } from './registry.js'
export { type Split, type SplitOptions, split } from './split.js'
export { type Classes, drawOfEachClass } from './subset.js'
export type { Dataset, DatasetInfo, Examples } from './types.js'
