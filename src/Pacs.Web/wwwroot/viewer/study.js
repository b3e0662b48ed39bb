// What there is to show: studies, their series and instances, as the server tells it (/viewer/studien, /viewer/serien).

// ViewerRoutes.PageSize
const PAGE = 60;

const { base, texts, markedOnly, lossless } = document.body.dataset;
const TEXTS = JSON.parse(texts);

/** The language of the page, for numbers. */
export const language = document.documentElement.lang;

/** A text of the page in its language; {0}, {1} … are the other arguments. */
export function text(key, ...values) {
  return (TEXTS[key] ?? key).replace(/\{(\d)\}/g, (_, i) => values[i] ?? '');
}

/** A number as people write it. */
export function number(value, digits = 0) {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}

/** A number whose size nobody knows before. */
export function significant(value) {
  return value.toLocaleString(language, { maximumSignificantDigits: 4, useGrouping: false });
}

/** The address of something of this server, which may live below a path. */
export const address = path => base + path;

/** What the server tells. */
export async function json(path) {
  const answer = await fetch(address(path), { headers: { Accept: 'application/json' } }).catch(() => { throw new Error(''); }); // nobody answers
  if (!answer.ok) throw Object.assign(new Error(answer.statusText || `${answer.status}`), { status: answer.status, isOver: answer.status === 401 });
  return answer.json();
}

/** A series. Its instances come in pages, when somebody wants to see them. */
export class Series {
  #pages = new Map();

  constructor(study, told) {
    Object.assign(this, told);
    this.study = study;
    this.instances = [told.first];
  }

  /** The name of the series for people. */
  get title() {
    return [text('Series', this.number ?? '–'), this.description].filter(Boolean).join(': ');
  }

  /** The instance at a place from 0, with what its header says, if it has been told. */
  at(place) {
    return this.instances[place];
  }

  /** Asks for an instance and those around it. */
  async need(place) {
    const page = Math.floor(place / PAGE);
    if (!this.#pages.has(page)) {
      this.#pages.set(page, this.#read(page).catch(e => { this.#pages.delete(page); throw e; }));
    }
    await this.#pages.get(page);
    return this.instances[place];
  }

  /** Asks for all of them. */
  async all() {
    for (let place = 0; place < this.count; place += PAGE) await this.need(place);
  }

  async #read(page) {
    const { instances } = await json(`viewer/serien/${this.id}.json?nach=${page * PAGE}${this.study.isMarkedOnly ? '&nur=gemerkt' : ''}`);
    instances.forEach((instance, i) => {
      const place = page * PAGE + i, known = this.instances[place];
      // who shows the instance already keeps the object
      if (known) Object.assign(known, instance);
      else this.instances[place] = instance;
    });
  }
}

const studies = new Map();

/** A study with its series, asked for once. Where only marked images are wanted, those of the study that the page was opened with. */
export function openStudy(id) {
  if (!studies.has(id)) {
    const isMarkedOnly = Boolean(markedOnly) && id === document.body.dataset.study;
    studies.set(id, json(`viewer/studien/${id}.json${isMarkedOnly ? '?nur=gemerkt' : ''}`).then(told => {
      const study = { ...told, isMarkedOnly };
      study.series = told.series.map(s => new Series(study, s));
      return study;
    }).catch(e => { studies.delete(id); throw e; }));
  }
  return studies.get(id);
}

// with a loss less where the page was opened so; of a video, whose address would give all of it, a frame
const typeOf = instance => (instance.kind !== 'image' ? '' : lossless ? '&accept=image/png' : instance.isStill ? '&accept=image/jpeg' : '');

/** The address of a frame's picture as the server renders it, through a presentation state where there is one. */
export function pictureAddress(instance, frame, window, more = typeOf(instance), state = null) {
  const shown = (window ? `&window=${window.center},${window.width}` : '') + (state ? `&state=${state.id}&sv=${state.version}&geometry=image` : '');
  return address(`bilder/${instance.id}/${frame}?v=${instance.version}${shown}${more}`);
}

/** The address of a video as it is stored. */
export const videoAddress = instance => address(`bilder/${instance.id}/1?v=${instance.version}`);
