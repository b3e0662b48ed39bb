// A field of the viewer: one image of a series on a canvas, or a video, a report, a document; what stands in its corners; how it is turned, enlarged and windowed.

import { address, json, number, pictureAddress, text, videoAddress } from './study.js';
import { drawMeasurements } from './measure.js';

// pictures fetched before somebody asks, of those that follow and of those just seen
const AHEAD = 24, BACK = 6;
// and their memory, for each field
const AHEAD_BYTES = 96 * 1024 * 1024;
// somebody who waits longer wants to know that he waits
const PATIENCE = 250;
// pixels that a processor tones within one picture of the screen; a larger picture is toned coarsely until the server's is here
const TONED = 1 << 20;
// what a colour picture shows: all there is
const WHOLE = { center: 127.5, width: 255 };

export class Pane {
  series = null;
  /** What shall be seen: the place of the instance in its series, and a frame from 1. */
  want = { at: 0, frame: 1 };
  /** What is seen: { instance, at, frame }, or null. */
  shown = null;
  view = fresh();
  /** A measurement that is being made. */
  draft = null;
  /** Where the keyboard measures. */
  cursor = null;

  #picture = null;
  #pictureWindow = null;
  #ground = null;
  #busy = false;
  #stale = false;
  #direction = 1;
  #frames;
  #measurements;
  #changed;

  /**
   * @param number from 1
   * @param frames pictures
   * @param measurements by instance and frame
   * @param changed called with this pane when it shows something else
   */
  constructor(number, frames, measurements, changed) {
    this.number = number;
    this.#frames = frames;
    this.#measurements = measurements;
    this.#changed = changed;
    this.element = document.createElement('section');
    this.element.className = 'pane';
    this.element.setAttribute('aria-label', text('Field', number));
    this.canvas = document.createElement('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-roledescription', text('Picture'));
    this.context = this.canvas.getContext('2d', { alpha: false });
    this.body = document.createElement('div');
    this.body.className = 'body';
    this.body.hidden = true;
    this.message = document.createElement('p');
    this.message.className = 'message';
    this.message.hidden = true;
    this.note = document.createElement('p');
    this.note.className = 'note';
    this.note.hidden = true;
    this.element.append(this.canvas, this.body, this.note, this.message);
    this.corners = Object.fromEntries(['tl', 'tr', 'bl', 'br'].map(name => {
      const corner = document.createElement('div');
      corner.className = `corner ${name}`;
      corner.setAttribute('aria-hidden', 'true'); // the canvas' name says it
      this.element.append(corner);
      return [name, corner];
    }));
    new ResizeObserver(() => { this.draw(); this.#label(); }).observe(this.canvas);
    this.#label();
    this.#tell(text('Empty'));
  }

  /** Shows a series from a place on. */
  open(series, at = 0, frame = 1) {
    this.series = series;
    this.view = fresh();
    this.shown = this.#picture = this.draft = this.cursor = null;
    this.message.hidden = true;
    this.go(at, frame);
  }

  /** Goes to an image. */
  go(at, frame = 1) {
    if (!this.series) return;
    at = Math.max(0, Math.min(this.series.count - 1, at));
    if (at !== this.want.at || frame !== this.want.frame) this.#direction = (at - this.want.at || frame - this.want.frame) < 0 ? -1 : 1;
    if (at !== this.want.at) this.cursor = null;
    this.draft = null;
    this.want = { at, frame };
    this.refresh();
  }

  /** The instance that is wanted, as far as it is known. */
  get instance() { return this.series?.at(this.want.at); }

  get details() { return this.shown?.instance.details; }

  /** Whether the values of the image have a window, which the server applies. Until its header is known nobody can say. */
  get isGray() { return this.details?.isGray ?? false; }

  /** The window that is shown or asked for. */
  get window() { return this.view.window ?? this.ownWindow; }

  /** What the image itself asks for. */
  get ownWindow() { return this.isGray ? this.details.windows?.[0] ?? null : WHOLE; }

  /** Sets a window; null is the image's own. */
  set window(window) {
    this.view.window = window;
    this.draw(); // at once, as far as the picture that is here allows; the server's comes
    if (this.isGray) this.refresh();
    this.#say();
  }

  /** The measurements of what is seen. */
  get measurements() {
    if (!this.shown) return [];
    const key = `${this.shown.instance.id}/${this.shown.frame}`;
    if (!this.#measurements.has(key)) this.#measurements.set(key, []);
    return this.#measurements.get(key);
  }

  /** Shows what is wanted; while an answer is on its way only the newest wish is kept. */
  async refresh() {
    this.#stale = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#stale) {
        this.#stale = false;
        // no await where everything is here: a cine is drawn within one picture of the screen
        const pending = this.#step();
        if (pending) await pending;
      }
    } finally {
      this.#busy = false;
    }
  }

  #step() {
    const { series, want: { at, frame } } = this;
    const instance = series.at(at);
    if (instance?.kind === 'image') {
      const url = this.urlOf(instance, frame), picture = this.#frames.peek(url);
      if (picture && instance.details) return void this.#show(instance, at, frame, picture);
    }
    return this.#fetch(series, at, frame);
  }

  async #fetch(series, at, frame) {
    const waiting = setTimeout(() => { if (!this.shown) this.#tell(text('Loading')); }, PATIENCE);
    try {
      let instance = series.at(at);
      if (!instance) instance = await series.need(at);
      if (this.series !== series) return;
      if (!instance) throw new Error('');
      if (instance.kind !== 'image') return this.#embed(instance, at);
      if (!instance.details) {
        // the picture does not wait for it
        series.need(at).then(() => this.#learn(instance), () => {});
      }
      const window = this.#serverWindow(instance);
      const picture = await this.#frames.load(this.urlOf(instance, frame));
      if (this.series === series) this.#show(instance, at, frame, picture, window);
    } catch (e) {
      if (this.series === series && this.want.at === at && this.want.frame === frame) this.#fail(series.at(at), at, frame, e.message);
    } finally {
      clearTimeout(waiting);
    }
  }

  /** The address of a picture as this field shows it. */
  urlOf(instance, frame) {
    return pictureAddress(instance, frame, this.#serverWindow(instance));
  }

  #serverWindow(instance) {
    return instance.details?.isGray ? this.view.window : null;
  }

  #show(instance, at, frame, picture, window = this.#serverWindow(instance)) {
    this.body.hidden = true;
    this.body.replaceChildren();
    this.canvas.hidden = false;
    this.message.hidden = true;
    this.element.classList.remove('failed');
    this.#picture = picture;
    this.#pictureWindow = window;
    this.shown = { instance, at, frame };
    if (instance.isStill && this.note.hidden) this.note.replaceChildren(`${text('Stills')} `, linkTo(videoAddress(instance), text('Download')));
    this.note.hidden = !instance.isStill;
    this.draw();
    this.#say();
    this.#frames.expect(this, this.#following(picture));
    if (instance.details) void this.#range(instance, frame);
  }

  #learn(instance) {
    // a header that cannot be read stays unknown
    if (!instance.details || this.shown?.instance !== instance) return;
    this.draw();
    this.#say();
    this.refresh(); // and now what follows can be asked for
  }

  /** The window of an image that has none: between its least and its largest value, as the server shows it. Dragging begins there. */
  async #range(instance, frame) {
    const { details } = instance;
    if (!details.isGray || details.windows || details.isAsked) return;
    details.isAsked = true;
    const { least, largest } = await json(`viewer/werte/${instance.id}/${frame}.json`).catch(() => ({}));
    if (least === undefined) return;
    details.windows = [{ center: (least + largest) / 2, width: Math.max(1, largest - least) }];
    if (this.shown?.instance === instance) this.#say();
  }

  #following(picture) {
    const { at, frame } = this.want, { series } = this, urls = [];
    const most = Math.max(4, Math.min(AHEAD, Math.floor(AHEAD_BYTES / picture.bytes)));
    const instance = series.at(at);
    if (!instance?.details || instance.isStill) return urls;
    for (let i = 1; i <= most && i < instance.frames; i++) urls.push(this.urlOf(instance, (frame - 1 + i) % instance.frames + 1));
    if (instance.frames === 1) {
      for (let i = 1; i <= most; i++) this.#push(urls, at + i * this.#direction);
      for (let i = 1; i <= BACK; i++) this.#push(urls, at - i * this.#direction);
    }
    return urls;
  }

  #push(urls, at) {
    if (at < 0 || at >= this.series.count) return;
    const next = this.series.at(at);
    if (!next) void this.series.need(at).catch(() => {}); // for the next time
    else if (next.kind === 'image' && next.details) urls.push(this.urlOf(next, 1));
  }

  /** What is no image. */
  #embed(instance, at) {
    this.shown = { instance, at, frame: 1 };
    this.note.hidden = true;
    this.#picture = null;
    this.canvas.hidden = true;
    this.message.hidden = true;
    this.element.classList.remove('failed');
    const parts = [];
    if (instance.kind === 'video') {
      const video = document.createElement('video');
      video.controls = true;
      video.src = videoAddress(instance);
      video.addEventListener('error', () => this.#still(instance, at));
      video.setAttribute('aria-label', this.#name());
      parts.push(video);
    } else if (instance.kind === 'report' || instance.kind === 'document') {
      const inside = document.createElement('iframe');
      inside.title = this.#name();
      inside.src = instance.kind === 'report' ? address(`instanzen/${instance.id}?rahmen=1`) : pictureAddress(instance, 1);
      const link = instance.kind === 'report' ? linkTo(address(`instanzen/${instance.id}`), text('Open')) : linkTo(inside.src, text('OpenDocument'));
      const head = document.createElement('p');
      head.className = 'body-head';
      head.append(link);
      parts.push(head, inside);
    } else {
      this.body.hidden = true;
      return this.#fail(instance, at, 1, text('NoPicture'));
    }
    this.body.replaceChildren(...parts);
    this.body.hidden = false;
    this.#say();
    this.#changed(this);
    return undefined;
  }

  /** A video that this browser does not play: its frames, one by one, as the server sees them. */
  #still(instance, at) {
    if (this.shown?.instance !== instance) return;
    Object.assign(instance, { kind: 'image', isStill: true, details: { isGray: false } });
    this.shown = null;
    this.go(at);
  }

  // never a black field without a word
  #fail(instance, at, frame, why) {
    this.#picture = null;
    this.note.hidden = true;
    this.shown = instance ? { instance, at, frame } : null;
    this.body.hidden = true;
    this.body.replaceChildren();
    this.canvas.hidden = false;
    this.element.classList.add('failed');
    this.draw();
    const strong = document.createElement('strong');
    strong.textContent = instance?.kind === 'other' ? text('NoPicture') : text('Failed');
    const parts = [strong];
    if (!instance || why === '') parts.push(lineOf(text('Offline')));
    else if (instance.isStill) parts.push(lineOf(text('NoVideo')));
    else if (why !== strong.textContent) parts.push(lineOf(why));
    if (instance?.isStill) parts.push(linkTo(videoAddress(instance), text('Download')));
    if (instance) parts.push(linkTo(address(`instanzen/${instance.id}`), text('Open')));
    this.message.replaceChildren(...parts);
    this.message.hidden = false;
    this.#say();
  }

  #tell(words) {
    this.message.replaceChildren(words);
    this.message.hidden = false;
  }

  /** From pixels of the image to those of the canvas. */
  matrix(canvas = this.canvas, view = this.view) {
    const { width, height } = this.#picture ?? { width: 1, height: 1 };
    const stretch = this.#stretch();
    const [w, h] = view.turn % 2 ? [height * stretch, width] : [width, height * stretch];
    const fit = Math.min(canvas.width / w, canvas.height / h) * view.zoom;
    const ratio = canvas === this.canvas ? devicePixelRatio : 1;
    return new DOMMatrix().translate(canvas.width / 2 + view.x * ratio, canvas.height / 2 + view.y * ratio).rotate(90 * view.turn)
      .scale(view.flip ? -fit : fit, fit * stretch).translate(-width / 2, -height / 2);
  }

  // pixels that are higher than wide
  #stretch() {
    const spacing = this.details?.spacing;
    return spacing && !this.details.regions ? Math.max(0.1, Math.min(10, spacing.row / spacing.column)) : 1;
  }

  /** The point of the image below a place of the window. */
  pointAt(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const p = this.matrix().inverse().transformPoint({ x: (clientX - box.left) * devicePixelRatio, y: (clientY - box.top) * devicePixelRatio });
    return { x: p.x, y: p.y };
  }

  /** Width and height of the picture, or null. */
  get size() { return this.#picture && { width: this.#picture.width, height: this.#picture.height }; }

  /** Pixels of the screen for one of the image. */
  get scale() {
    const m = this.matrix();
    return Math.hypot(m.a, m.b) / devicePixelRatio;
  }

  draw() {
    const { canvas } = this, ratio = devicePixelRatio;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const matrix = this.matrix();
    this.#paint(this.context, canvas, matrix, this.#picture && this.#toned());
    if (!this.#picture) return;
    const all = this.draft ? [...this.measurements, this.draft] : this.measurements;
    drawMeasurements(this.context, all, matrix, this.details, ratio);
    if (this.cursor) this.#cross(matrix, ratio);
  }

  #paint(context, canvas, matrix, picture) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!picture) return;
    const { width, height } = this.#picture;
    context.setTransform(matrix);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, 0, 0, width, height);
    if (this.view.invert) {
      context.globalCompositeOperation = 'difference';
      context.fillStyle = '#fff';
      context.fillRect(0, 0, width, height);
      context.globalCompositeOperation = 'source-over';
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  #cross(matrix, ratio) {
    const { x, y } = matrix.transformPoint(this.cursor), { context, canvas } = this;
    context.strokeStyle = '#7fe7ff';
    context.lineWidth = ratio;
    context.beginPath();
    context.moveTo(x, 0); context.lineTo(x, canvas.height);
    context.moveTo(0, y); context.lineTo(canvas.width, y);
    context.stroke();
  }

  /**
   * The picture in the window that is wanted. Until the server's is here: what is here, made lighter and darker. A window maps values linearly (PS3.3 §C.11.2.1.2.1), so the
   * levels between black and white of one are a linear function of those of another; what one window has cut off cannot come back.
   */
  #toned() {
    const picture = this.#picture, to = this.window, from = this.isGray ? this.#pictureWindow ?? this.ownWindow : WHOLE;
    if (!to || !from || (from.center === to.center && from.width === to.width)) return picture.bitmap;
    if (this.#ground?.picture !== picture) this.#ground = groundOf(picture);
    const { canvas, context, pixels } = this.#ground;
    const levels = new Uint8ClampedArray(256);
    const inverse = this.isGray && this.details.isInverse;
    for (let level = 0; level < 256; level++) {
      const value = from.center + ((inverse ? 255 - level : level) / 255 - 0.5) * from.width;
      const shown = ((value - to.center) / to.width + 0.5) * 255;
      levels[level] = inverse ? 255 - shown : shown;
    }
    const out = context.createImageData(canvas.width, canvas.height), { data } = out;
    for (let i = 0; i < pixels.length; i += 4) {
      data[i] = levels[pixels[i]];
      data[i + 1] = levels[pixels[i + 1]];
      data[i + 2] = levels[pixels[i + 2]];
      data[i + 3] = 255;
    }
    context.putImageData(out, 0, 0);
    return canvas;
  }

  /** The image with its measurements as it is turned and windowed, pixel for pixel, without what names the patient. */
  async picture(type) {
    const { instance, frame } = this.shown;
    // without loss where none is asked for; the server's picture, not the one toned here
    const url = type === 'image/png' ? pictureAddress(instance, frame, this.#serverWindow(instance), '&accept=image/png') : this.urlOf(instance, frame);
    const exact = await this.#frames.load(url);
    this.#picture = exact;
    this.#pictureWindow = this.#serverWindow(instance);
    const stretch = this.#stretch(), { width, height } = exact;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = (this.view.turn % 2 ? [height * stretch, width] : [width, height * stretch]).map(Math.round);
    const context = canvas.getContext('2d', { alpha: false });
    const matrix = this.matrix(canvas, { ...this.view, zoom: 1, x: 0, y: 0 });
    this.#paint(context, canvas, matrix, this.#toned());
    drawMeasurements(context, this.measurements, matrix, this.details, Math.max(1, Math.min(canvas.width, canvas.height) / 700));
    return new Promise(resolve => canvas.toBlob(resolve, type, 0.92));
  }

  /** Writes anew what is said about the picture. */
  #say() {
    this.#label();
    this.#changed(this);
  }

  #label() {
    const { corners, series, shown } = this;
    this.canvas.setAttribute('aria-label', this.#name());
    const isShown = Boolean(series && shown && !this.canvas.hidden);
    for (const corner of Object.values(corners)) corner.hidden = !isShown;
    if (!isShown) return;
    const { study } = series;
    lines(corners.tl, study.patient, study.born, study.patientId);
    lines(corners.tr, [study.date, study.time].filter(Boolean).join(', '), study.description, series.title);
    lines(corners.bl, this.isMarked?.(shown) && `★ ${text('IsMarked')}`, this.#place(), this.#windowText());
    lines(corners.br, this.#picture && text('Zoom', number(this.scale * 100)));
  }

  #place() {
    const { series, shown: { at, frame, instance } } = this;
    return [series.count > 1 || instance.frames === 1 ? text('ImageOf', at + 1, series.count) : '', instance.frames > 1 ? text('FrameOf', frame, instance.frames) : ''].filter(Boolean).join(' · ');
  }

  #windowText() {
    const { window } = this;
    if (this.isGray) return window ? text('Window', number(window.center), number(window.width)) : '';
    return this.details && this.view.window ? text('Tone', number(25500 / window.width), number(127.5 - window.center)) : '';
  }

  #name() {
    const { series, shown } = this;
    if (!series || !shown) return text('Field', this.number);
    const measured = this.measurements.filter(m => m.isComplete).map(m => m.say(this.details));
    const failed = this.element.classList.contains('failed') ? [text('Failed')] : [];
    return [text('Field', this.number), series.title, this.#place(), ...failed, ...measured].join(', ');
  }

  /** A measurement has come, gone or learnt its values. */
  measured() {
    this.draw();
    this.#say();
  }
}

/** How an image is shown before somebody changes it. */
function fresh() {
  return { zoom: 1, x: 0, y: 0, turn: 0, flip: false, invert: false, window: null };
}

/** As it was. */
export function resetView(pane) {
  pane.view = fresh();
  pane.draw();
  pane.refresh();
  pane.measured();
}

function groundOf(picture) {
  const shrink = Math.min(1, Math.sqrt(TONED / (picture.width * picture.height)));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * shrink));
  canvas.height = Math.max(1, Math.round(picture.height * shrink));
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  context.drawImage(picture.bitmap, 0, 0, canvas.width, canvas.height);
  return { picture, canvas, context, pixels: context.getImageData(0, 0, canvas.width, canvas.height).data };
}

function lines(element, ...all) {
  element.replaceChildren(...all.filter(Boolean).map(lineOf));
}

function linkTo(href, words) {
  const link = document.createElement('a');
  link.href = href;
  link.target = '_blank';
  link.textContent = words;
  return link;
}

function lineOf(words) {
  const line = document.createElement('div');
  line.textContent = words;
  return line;
}
