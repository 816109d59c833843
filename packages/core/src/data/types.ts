/** Image data sets: what they are, where they come from, and what a loaded one holds. */

/** Images and labels of one part of a data set. */
export interface Examples {
  /** Pixels 0..255 of `count` images, row-major, each of the data set's `imageShape`. */
  readonly images: Uint8Array
  /** `count` labels, each from 0 to classes - 1. */
  readonly labels: Uint8Array
  readonly count: number
}

/** What is known of a data set before it is loaded. */
export interface DatasetInfo {
  /** Its name in configurations and folders: "fashion-mnist". */
  readonly name: string
  /** Its name in prose: "Fashion-MNIST". */
  readonly title: string
  /** What sets it apart from the data set of its title ("extract", "recompressed"); every table it feeds shows this. */
  readonly note?: string
  /** Height, width, channels. */
  readonly imageShape: readonly [height: number, width: number, channels: number]
  readonly classes: number
  readonly trainCount: number
  readonly testCount: number
  /** SHA-256 that stands for all decoded bytes: of the lines "<SHA-256 of the decoded file>  <file name>\n". */
  readonly hash: string
}

export interface Dataset extends DatasetInfo {
  readonly train: Examples
  readonly test: Examples
  /** The folder the files were read from. Never part of a stage's id. */
  readonly source: string
}

/** One file of a data set. On disk it is this file or, under the name with ".gz" added, its gzip. */
export interface DataFile {
  readonly name: string
  /** Size and SHA-256 of the file when decoded: the gzip around it differs from place to place. */
  readonly bytes: number
  readonly sha256: string
}

/** A registered data set: how to find, check and decode it. */
export interface DatasetDefinition {
  readonly info: DatasetInfo
  readonly files: readonly DataFile[]
  /** Where "<address><file name>.gz" can be downloaded; the canonical address, then mirrors. */
  readonly addresses: readonly string[]
  /** The folder it ships in, if it comes with this package. */
  readonly shipped?: string
  /** How else to get it, as the end of the sentence "... or". */
  readonly advice?: string
  /** The examples from the checked contents of the files, by file name. */
  readonly decode: (contents: ReadonlyMap<string, Uint8Array>) => { readonly train: Examples; readonly test: Examples }
}
