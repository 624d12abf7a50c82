// @ts-check
/** Talking to the server: what went wrong comes as an `Error` that says what a person can do. */

const ROOT = new URL("api/v1/view/", document.baseURI);

/** What is asked for, behind the `?`. @typedef {Record<string, string | number | string[]>} Query */

/** @param {string} view @param {Query} query */
export function urlOf(view, query) {
  const url = new URL(view, ROOT);
  for (const [key, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(key, String(one));
  return url;
}

/** @param {string} view @param {Query} query @param {RequestInit} [options] @returns {Promise<Response>} */
async function ask(view, query, options) {
  let answer;
  try {
    answer = await fetch(urlOf(view, query), options);
  } catch {
    throw new Error("the server does not answer; is `sonde ui` still running?");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || `the server answered ${answer.status} ${answer.statusText}`);
}

/** @param {string} view @param {Query} [query] @returns {Promise<any>} */
export const getJson = async (view, query = {}) => (await ask(view, query)).json();

/** The data of a figure; null while it is being made. @param {string} sweep @param {string} kind @param {Query} query @returns {Promise<any>} */
export async function getFigure(sweep, kind, query) {
  const answer = await ask(`../sweeps/${sweep}/figures/${kind}`, query);
  return answer.status === 202 ? null : answer.json();
}

/** @param {string} view @param {Query} query @returns {Promise<string>} */
export const getText = async (view, query) => (await ask(view, query)).text();

/** @param {string} view @param {Query} query @returns {Promise<Blob>} */
export const getFile = async (view, query) => (await ask(view, query)).blob();

/** @param {string} view @param {Query} query @param {any} [body] sent as JSON @returns {Promise<any>} */
export const post = async (view, query, body) =>
  (await ask(view, query, { method: "POST", ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }) })).json();

/**
 * A block: a JSON header and typed arrays that view one buffer (server/block.py).
 * @param {string} view @param {Query} query
 * @returns {Promise<{ header: any, arrays: Map<string, any> }>}
 */
export async function getBlock(view, query) {
  return unpack(await (await ask(view, query)).arrayBuffer());
}

const TYPES = {
  f8: Float64Array,
  f4: Float32Array,
  i4: Int32Array,
  u4: Uint32Array,
  u2: Uint16Array,
  u1: Uint8Array,
};

/** @param {ArrayBuffer} buffer */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = new Map();
  let at = 4 + length;
  for (const [name, type, count] of header.arrays) {
    const Type = TYPES[/** @type {keyof typeof TYPES} */ (type)];
    arrays.set(name, new Type(buffer, at, count));
    at += Math.ceil((count * Type.BYTES_PER_ELEMENT) / 8) * 8;
  }
  return { header, arrays };
}

export const liveUrl = (/** @type {string | null} */ sweep) =>
  urlOf("live", sweep ? { sweep } : {});
