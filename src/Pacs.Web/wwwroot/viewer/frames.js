// Pictures of frames: fetched ahead, decoded once, kept within a limit. The one that was used longest ago goes first and comes again from the browser's own cache.

// of decoded pixels. An old PC has 4 GB for everything
const LIMIT = 256 * 1024 * 1024;

// the browser has six connections to a server (HTTP/1.1): two are left for what is wanted now
const AHEAD = 4;

/** Why there is no picture, in the server's words; none where nobody answers. */
export class PictureError extends Error {
  /**
   * @param status of HTTP, where it is one
   * @param reason in one word (HttpProblem.Reason)
   */
  constructor(why, status, reason) {
    super(why);
    Object.assign(this, { status, reason, isOver: status === 401 });
  }
}

async function fetchPicture(url) {
  let answer;
  try {
    answer = await fetch(url, { headers: { Accept: 'image/jpeg, image/png;q=0.9' } });
  } catch {
    throw new PictureError(''); // nobody answers
  }
  if (!answer.ok) {
    const said = await answer.text().catch(() => '');
    const { sentence, reason } = told(said);
    throw new PictureError(sentence || answer.statusText || `${answer.status}`, answer.status, reason);
  }
  try {
    const bitmap = await createImageBitmap(await answer.blob());
    return { bitmap, width: bitmap.width, height: bitmap.height, bytes: bitmap.width * bitmap.height * 4 };
  } catch {
    throw new PictureError('createImageBitmap', undefined, 'browser'); // not a picture that this browser can read
  }
}

/** Of an error as JSON its sentence and its reason, of plain text the beginning. */
function told(body) {
  try {
    const { message, detail, title, error, reason } = JSON.parse(body);
    return { sentence: `${message ?? detail ?? title ?? error ?? ''}`.slice(0, 300), reason };
  } catch {
    return { sentence: body.trim().startsWith('<') ? '' : body.trim().slice(0, 300) };
  }
}

/** The pictures of all panes. */
export class Frames {
  #kept = new Map(); // by address, the one used longest ago first
  #coming = new Map();
  #ahead = new Map(); // by pane: what it will want
  #bytes = 0;
  #asking = 0;

  /** Bytes of decoded pictures. */
  get bytes() { return this.#bytes; }

  /** The picture if it is here. */
  peek(url) {
    const picture = this.#kept.get(url);
    if (picture) {
      this.#kept.delete(url);
      this.#kept.set(url, picture);
    }
    return picture;
  }

  /** The picture, as soon as it is here. */
  load(url) {
    const picture = this.peek(url);
    return picture ? Promise.resolve(picture) : this.#fetch(url);
  }

  /** What a pane will want next, in this order; what it wanted before is forgotten. */
  expect(pane, urls) {
    this.#ahead.set(pane, urls.filter(u => !this.#kept.has(u)));
    this.#pump();
  }

  #fetch(url) {
    let coming = this.#coming.get(url);
    if (!coming) {
      coming = fetchPicture(url).then(picture => { this.#keep(url, picture); return picture; }).finally(() => this.#coming.delete(url));
      this.#coming.set(url, coming);
    }
    return coming;
  }

  #keep(url, picture) {
    this.#kept.set(url, picture);
    this.#bytes += picture.bytes;
    for (const [old, { bytes }] of this.#kept) {
      if (this.#bytes <= LIMIT || old === url) break;
      this.#kept.delete(old);
      this.#bytes -= bytes; // not close(): a field may be drawing it
    }
  }

  #pump() {
    while (this.#asking < AHEAD) {
      const url = this.#next();
      if (!url) return;
      this.#asking++;
      this.#fetch(url).catch(() => {}).finally(() => { this.#asking--; this.#pump(); }); // who needs it asks again and is told why
    }
  }

  // every pane in turn
  #next() {
    for (const [pane, urls] of this.#ahead) {
      let url;
      while ((url = urls.shift()) !== undefined) {
        if (!this.#kept.has(url) && !this.#coming.has(url)) break;
      }
      this.#ahead.delete(pane);
      if (url !== undefined) {
        this.#ahead.set(pane, urls);
        return url;
      }
    }
    return undefined;
  }
}
