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
  /** Wall clock of the stage, in seconds. */
  readonly seconds: number
  /** ISO 8601, UTC. */
  readonly finishedAt: string
}

export interface StageRecord {
  readonly deterministic: Deterministic
  readonly observed: Observed
}

/** Damaged content counts as missing, with a warning. Any number of processes may use one store at once. */
export interface Store {
  /** Where it is, for messages. */
  readonly location: string
  /** Makes the store if there is none, and fails now rather than after hours if it cannot be written. */
  prepare(): Promise<void>
  readonly artifacts: {
    /** The bytes whose SHA-256 is `hash`, checked; undefined if missing or damaged. */
    get(hash: string): Promise<Uint8Array | undefined>
    /** Keeps bytes and returns their SHA-256. */
    put(bytes: Uint8Array): Promise<string>
    /** Whether they are there, unchecked. */
    has(hash: string): Promise<boolean>
  }
  readonly records: {
    get(id: string): Promise<StageRecord | undefined>
    /** Keeps a record unless its id has one already, and returns the one kept: the first wins. */
    put(record: StageRecord): Promise<StageRecord>
    /** Puts a record in the place of one whose artifacts are lost. */
    replace(record: StageRecord): Promise<void>
  }
}
