// @ts-check
/** Talking to the server: what went wrong comes as an `Error` that says what a person can do. */

const ROOT = new URL("api/v1/view/", document.baseURI);

/** @param {string} path @param {RequestInit} [options] @returns {Promise<Response>} */
async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(new URL(path, ROOT), options);
  } catch {
    throw new Error("the server does not answer; is `sonde ui` still running?");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || `the server answered ${answer.status} ${answer.statusText}`);
}

/** @param {string} path @returns {Promise<any>} */
export const getJson = async (path) => (await ask(path)).json();

/** @param {string} path @returns {Promise<string>} */
export const getText = async (path) => (await ask(path)).text();

/** @param {string} path @returns {Promise<any>} */
export const post = async (path) => (await ask(path, { method: "POST" })).json();

/**
 * A block: a JSON header and typed arrays that view one buffer (server/block.py).
 * @param {string} path
 * @returns {Promise<{ header: any, arrays: Map<string, any> }>}
 */
export async function getBlock(path) {
  return unpack(await (await ask(path)).arrayBuffer());
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
  new URL(sweep ? `live?sweep=${encodeURIComponent(sweep)}` : "live", ROOT);
