/** Downloads that go on from a part that no longer fits: the server, not the part, decides, and the hash has the last word. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { download } from './download.js'
import type { DataFile } from './types.js'

const content = Uint8Array.from({ length: 5_000 }, (_, i) => (i * i * 7 + (i >> 3)) & 255)
const zipped = gzipSync(content)
const file: DataFile = {
  name: 'data',
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
}

let folder: string
let path: string
let server: Server
let url: string
let ranges: (string | undefined)[]
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'resume-'))
  path = join(folder, 'data.gz')
  ranges = []
  server = createServer((request, response) => {
    ranges.push(request.headers.range)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data.gz`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

function whole(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': zipped.length, etag: '"one"' }).end(zipped)
}

/** The rest of the file, as a server sends it that finds the validator right. */
function rest(response: ServerResponse, from: number): void {
  const contentRange = `bytes ${from}-${zipped.length - 1}/${zipped.length}`
  response.writeHead(206, { 'content-range': contentRange, etag: '"one"' }).end(zipped.subarray(from))
}

function leavePart(bytes: Uint8Array, from = url): void {
  writeFileSync(`${path}.part`, bytes)
  writeFileSync(`${path}.part.json`, JSON.stringify({ url: from, validator: '"one"' }))
}

async function fetchIt(): Promise<void> {
  await download(file, [url], path, { retries: 2, retryDelay: 5, stall: 2000 })
  expect(new Uint8Array(readFileSync(path))).toEqual(new Uint8Array(zipped))
  expect(readdirSync(folder)).toEqual(['data.gz'])
}

test('a part with wrong bytes is dropped after the check, and the whole is asked for', async () => {
  leavePart(new Uint8Array(100))
  answer = (request, response) => (request.headers.range ? rest(response, 100) : whole(response))
  await fetchIt()
  expect(ranges).toEqual(['bytes=100-', undefined])
})

test('a part from another address is not mixed in', async () => {
  leavePart(zipped.subarray(0, 100), 'http://example.test/data.gz')
  answer = (_, response) => whole(response)
  await fetchIt()
  expect(ranges).toEqual([undefined])
})

test('a rest that begins elsewhere, and one that the server does not have, lead to the whole', async () => {
  for (const refuse of [
    (response: ServerResponse) => rest(response, 50),
    (response: ServerResponse) => void response.writeHead(416).end(),
  ]) {
    rmSync(path, { force: true })
    ranges = []
    leavePart(zipped.subarray(0, 100))
    answer = (request, response) => (request.headers.range ? refuse(response) : whole(response))
    await fetchIt()
    expect(ranges).toEqual(['bytes=100-', undefined])
  }
})

test('a part that is the whole file already is completed or fetched again, never kept unchecked', async () => {
  leavePart(zipped)
  answer = (request, response) => (request.headers.range ? void response.writeHead(416).end() : whole(response))
  await fetchIt()
})

test('a weak ETag does not allow to ask for the rest', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': zipped.length, etag: 'W/"one"' })
    if (ranges.length > 1) response.end(zipped)
    else response.write(zipped.subarray(0, 500), () => setTimeout(() => response.destroy(), 50))
  }
  await fetchIt()
  expect(ranges).toEqual([undefined, undefined])
})
