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
  /**
   * SHA-256 that stands for all decoded bytes: of the lines "<SHA-256 of the file>  <file name>\n" (`hashOfFiles`), or, for
   * a data set that is derived from another, of that one's hash and the rule.
   */
  readonly hash: string
}

export interface Dataset extends DatasetInfo, Parts {
  /** The folder the files were read from. Never part of a stage's id. */
  readonly source: string
}

/** One file of a data set. */
export interface DataFile {
  /** Its path in the data set's folder. */
  readonly name: string
  /**
   * "gzip" (the default): it is published gzipped, and lies on disk so, under the name with ".gz" added, or plain.
   * "none": it is published as it is, since it compresses itself (.tar.gz, .mat).
   */
  readonly packing?: 'gzip' | 'none'
  /** Size and SHA-256 of the file; where it is gzipped, of what is inside: the gzip differs from place to place. */
  readonly bytes: number
  readonly sha256: string
}

/** The two parts of a data set. */
export interface Parts {
  readonly train: Examples
  readonly test: Examples
}

/** A registered data set: how to find, check and decode it. */
export interface DatasetDefinition {
  readonly info: DatasetInfo
  /** Name of the folder with its files, if not the data set's own: a half of CIFAR-10 is read from CIFAR-10's. */
  readonly folder?: string
  /** None for a data set that the program makes itself. */
  readonly files: readonly DataFile[]
  /** Where the files can be downloaded: "<address><published name>"; the canonical address, then mirrors. */
  readonly addresses: readonly string[]
  /** The folder it ships in, if it comes with this package. */
  readonly shipped?: string
  /** How else to get it, as the end of the sentence "... or". */
  readonly advice?: string
  /** The examples from the checked contents of the files, by file name. */
  readonly decode: (contents: ReadonlyMap<string, Uint8Array>) => Parts | Promise<Parts>
}
