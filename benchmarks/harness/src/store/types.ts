/** What a store keeps: artifacts by their hash, records by their stage's id. */
import type { JsonObject } from '../stage/json.js'
import type { StageIdentity } from '../stage/types.js'

/** The part of a record that is the same wherever the stage runs; compared bit for bit. */
export interface Deterministic {
  readonly id: string
  readonly kind: string
  readonly config: JsonObject
  /** Ids of the input stages. */
  readonly inputs: Readonly<Record<string, string>>
  readonly identity: StageIdentity
  readonly result: JsonObject
  /** SHA-256 of each artifact by name. */
  readonly artifacts: Readonly<Record<string, string>>
}

/** The part that says where and how fast it ran; never compared. */
export interface Observed extends JsonObject {
  readonly host: string
  readonly cpu: string
  readonly engine: string
  readonly node: string
  /** Wall clock of the stage, in seconds; with `resumed`, of its last part alone. */
  readonly seconds: number
  /** ISO 8601, UTC. */
  readonly finishedAt: string
}

export interface StageRecord {
  readonly deterministic: Deterministic
  readonly observed: Observed
}

/** The right to run a stage: other processes that share the store leave it alone meanwhile. */
export interface Lease {
  /** What others are told of the stage's progress, in 0..1. */
  fraction: number
  release(): Promise<void>
}

/** A stage that some living process runs at the moment, as its lease says. */
export interface Running {
  readonly id: string
  readonly label: string
  /** In 0..1, a few seconds old. */
  readonly fraction: number
  readonly host: string
  readonly pid: number
  /** Whether this process could see it die: same machine, boot and process namespace. */
  readonly here: boolean
}

/** Damaged content counts as missing, with a warning. Any number of processes may use one store at once. */
export interface Store {
  /** Where it is. */
  readonly location: string
  /** Folders of committed evidence, which counts as stored. */
  readonly evidence: readonly string[]
  /** Makes the store if there is none, and fails now rather than after hours if it cannot be written. */
  prepare(): Promise<void>
  readonly artifacts: {
    /** The bytes whose SHA-256 is `hash`, checked; undefined if missing or damaged. */
    get(hash: string): Promise<Uint8Array | undefined>
    /** Keeps bytes and returns their SHA-256. */
    put(bytes: Uint8Array): Promise<string>
    /** Whether they are there, unchecked. */
    has(hash: string): Promise<boolean>
    /** All that the store's own folder holds, by hash, with their sizes in bytes. */
    list(): Promise<ReadonlyMap<string, number>>
    remove(hash: string): Promise<void>
  }
  readonly records: {
    get(id: string): Promise<StageRecord | undefined>
    /** Keeps a record unless its id has one already, and returns the one kept: the first wins. */
    put(record: StageRecord): Promise<StageRecord>
    /** Puts a record in the place of one whose artifacts are lost. */
    replace(record: StageRecord): Promise<void>
    /** The ids of the records in the store's own folder. */
    list(): Promise<readonly string[]>
    remove(id: string): Promise<void>
  }
  readonly leases: {
    /** The lease of a stage; undefined while another process that lives has it. */
    take(id: string, label: string): Promise<Lease | undefined>
    /** The stages that living processes run, by this process's knowledge. */
    list(): Promise<readonly Running[]>
  }
  /** Where a running stage may keep what it needs to go on after a crash. */
  checkpointPath(id: string): string
  readonly leftovers: {
    /** Files that nobody needs: of dead processes, of stages that are done, damaged ones. Paths with sizes in bytes. */
    list(): Promise<ReadonlyMap<string, number>>
    remove(path: string): Promise<void>
  }
}
