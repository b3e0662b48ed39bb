// Looks into a ZIP without sending it: its files become as good as those of a folder (APPNOTE.TXT §4.3). What is packed otherwise than everybody does is sent whole, and unpacked by the server.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_COMMENT = 65535;
const MAX_ENTRIES = 200000;

const view = async blob => new DataView(await blob.arrayBuffer());

const unpack = async (file, entry) => {
  // name and extra field may be longer here than in the directory
  const local = await view(file.slice(entry.offset, entry.offset + 30));
  if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL) {
    throw new Error('damaged');
  }
  const start = entry.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const packed = file.slice(start, start + entry.packed);
  return entry.method === 0 ? packed.stream() : packed.stream().pipeThrough(new DecompressionStream('deflate-raw'));
};

const head = async (file, entry, length) => {
  const reader = (await unpack(file, entry)).getReader();
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    bytes.set(value.subarray(0, length - filled), filled);
    filled += Math.min(value.length, length - filled);
  }
  reader.cancel().catch(() => null);
  return bytes.slice(0, filled);
};

/** The files in a ZIP, or null when it cannot be read here: damaged, encrypted, larger than 4 GB, packed by another method, or a browser that cannot unpack. */
export const filesIn = async file => {
  if (!('DecompressionStream' in window)) {
    return null;
  }
  const tail = await view(file.slice(Math.max(0, file.size - MAX_COMMENT - 22)));
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) {
    at--;
  }
  if (at < 0) {
    return null;
  }
  const [count, size, offset] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (tail.getUint16(at + 4, true) !== 0 || count === 0xffff || size === 0xffffffff || offset === 0xffffffff || count > MAX_ENTRIES) {
    return null;
  }
  const directory = await view(file.slice(offset, offset + size));
  const names = new TextDecoder();
  const files = [];
  for (let i = 0, from = 0; i < count; i++) {
    if (from + 46 > directory.byteLength || directory.getUint32(from, true) !== ENTRY) {
      return null;
    }
    const nameLength = directory.getUint16(from + 28, true);
    const entry = {
      method: directory.getUint16(from + 10, true),
      packed: directory.getUint32(from + 20, true),
      offset: directory.getUint32(from + 42, true),
    };
    const isEncrypted = (directory.getUint16(from + 8, true) & 1) !== 0;
    const length = directory.getUint32(from + 24, true);
    if (isEncrypted || entry.method !== 0 && entry.method !== 8 || entry.packed === 0xffffffff || length === 0xffffffff || entry.offset === 0xffffffff || from + 46 + nameLength > directory.byteLength) {
      return null;
    }
    // names that are not ASCII only look odd: what matters is in ISO 9660's letters
    const path = names.decode(new Uint8Array(directory.buffer, from + 46, nameLength)).replaceAll('\\', '/');
    if (!path.endsWith('/')) {
      files.push({
        path: `${file.name}/${path}`,
        name: path.slice(path.lastIndexOf('/') + 1),
        size: length,
        head: bytes => head(file, entry, bytes),
        body: async () => new Response(await unpack(file, entry)).blob(),
      });
    }
    from += 46 + nameLength + directory.getUint16(from + 30, true) + directory.getUint16(from + 32, true);
  }
  return files;
};
