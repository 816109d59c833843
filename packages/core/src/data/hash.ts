/** Hashes that stand for all decoded bytes of a data set. */
import { sha256 } from '../files/hash.js'
import type { DataFile } from './types.js'

/** SHA-256 of the lines "<SHA-256 of the file>  <file name>\n". */
export function hashOfFiles(files: readonly DataFile[]): string {
  return sha256(files.map((file) => `${file.sha256}  ${file.name}\n`).join(''))
}

/** SHA-256 for a data set made from another by a rule; whoever changes what the rule does changes its text. */
export function hashOfDerived(base: string, rule: string): string {
  return sha256(`${base}  ${rule}\n`)
}
