// A field of the viewer: one image of a series on a canvas, or a video, a report, a document. It fetches what is wanted and says what is seen.

import { address, json, pictureAddress, text, videoAddress } from './study.js';
import { Corners, placeOf } from './corners.js';
import { buttonFor, lineOf, linkTo } from './elements.js';
import { reasonFor, technical } from './reasons.js';
import { nameOf, turnedBy, viewOf } from './states.js';
import { fresh, Surface } from './surface.js';

// pictures fetched before somebody asks, of those that follow and of those just seen
const AHEAD = 24, BACK = 6;
// and their memory, for each field
const AHEAD_BYTES = 96 * 1024 * 1024;
// somebody who waits longer wants to know that he waits
const PATIENCE = 250;
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

  #surface = new Surface(this);
  #corners = new Corners();
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
    this.canvas = this.#surface.canvas;
    this.body = document.createElement('div');
    this.body.className = 'body';
    this.body.hidden = true;
    this.message = document.createElement('div');
    this.message.className = 'message';
    this.message.hidden = true;
    this.note = document.createElement('p');
    this.note.className = 'note';
    this.note.hidden = true;
    this.element.append(this.canvas, this.body, this.note, this.message, ...this.#corners.elements);
    new ResizeObserver(() => { this.draw(); this.#label(); }).observe(this.canvas);
    this.#label();
    this.#tell(text('Empty'));
  }

  /** Shows a series from a place on. */
  open(series, at = 0, frame = 1) {
    this.series = series;
    this.view = fresh();
    this.shown = this.#surface.picture = this.draft = this.cursor = null;
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

  /** What the image itself asks for; frames of one object may ask for different ones. */
  get ownWindow() {
    if (!this.isGray) return WHOLE;
    const { frameWindows, windows } = this.details, state = this.stateView;
    if (state?.window) return state.window;
    return (frameWindows ? frameWindows[this.shown.frame - 1] : windows?.[0]) ?? null;
  }

  /** Sets a window; null is the image's own. */
  set window(window) {
    this.view.window = window;
    this.draw(); // at once, as far as the picture that is here allows; the server's comes
    if (this.isGray) this.refresh();
    this.#say();
  }

  /** The presentation state that the image shall be seen through; null for none. Nothing that was changed by hand stays. */
  set state(state) {
    this.view = { ...fresh(), state };
    this.refresh();
    this.measured();
  }

  /** What the presentation state says of what is seen; null where it is about other images. */
  get stateView() {
    const { shown, view } = this;
    return shown ? viewOf(view.state, shown.instance, shown.frame) : null;
  }

  /** How the image is turned and mirrored: by its presentation state, then by hand. */
  get turned() { return turnedBy(this.stateView && this.view.state, this.view); }

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
      if (this.series === series && this.want.at === at && this.want.frame === frame) this.#fail(series.at(at), at, frame, e);
    } finally {
      clearTimeout(waiting);
    }
  }

  /** The address of a picture as this field shows it. */
  urlOf(instance, frame) {
    return pictureAddress(instance, frame, this.#serverWindow(instance), undefined, this.#stateOf(instance, frame));
  }

  #stateOf(instance, frame) {
    const { state } = this.view;
    return viewOf(state, instance, frame) && state;
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
    Object.assign(this.#surface, { picture, pictureWindow: window });
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
    // and now what follows can be asked for. What has failed is not tried again by itself: who has unfolded why is reading it
    if (!this.element.classList.contains('failed')) this.refresh();
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
    this.#surface.picture = null;
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
      return this.#fail(instance, at, 1, instance.kind === 'state' ? { reason: 'state' } : {});
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
  #fail(instance, at, frame, error) {
    this.#surface.picture = null;
    this.note.hidden = true;
    this.shown = instance ? { instance, at, frame } : null;
    this.body.hidden = true;
    this.body.replaceChildren();
    this.canvas.hidden = false;
    this.element.classList.add('failed');
    this.draw();
    const strong = document.createElement('strong');
    const isNone = ['other', 'state'].includes(instance?.kind);
    strong.textContent = isNone && !instance.codec ? text('NoPicture') : text('Failed');
    const why = reasonFor(instance, error);
    const parts = [strong, why && lineOf(why)];
    if (!isNone) parts.push(buttonFor(text('Again'), () => this.#again()));
    if (instance?.isStill) parts.push(linkTo(videoAddress(instance), text('Download')));
    if (instance?.codec) parts.push(linkTo(address(`instances/${instance.id}/file`), text('DownloadFile')));
    if (instance) parts.push(linkTo(address(`instanzen/${instance.id}`), text('Open')));
    if (error.message) parts.push(technical(error.message, error.status));
    this.message.replaceChildren(...parts.filter(Boolean));
    this.message.hidden = false;
    this.#say();
  }

  /** Once more what has failed: the server may be there again. */
  #again() {
    this.#tell(text('Loading'));
    this.refresh();
    this.canvas.focus();
  }

  #tell(words) {
    this.message.replaceChildren(words);
    this.message.hidden = false;
  }

  /** From pixels of the image to those of the canvas. */
  matrix() { return this.#surface.matrix(); }

  /** The point of the image below a place of the window. */
  pointAt(clientX, clientY) { return this.#surface.pointAt(clientX, clientY); }

  /** Width and height of the picture, or null. */
  get size() {
    const { picture } = this.#surface;
    return picture && { width: picture.width, height: picture.height };
  }

  /** Pixels of the screen for one of the image. */
  get scale() { return this.#surface.scale; }

  draw() { this.#surface.draw(); }

  /** Draws where the image of another field cuts this one; null for nothing. */
  set guide(guide) {
    const surface = this.#surface, before = surface.line;
    surface.guide = guide;
    if (before || surface.line || this.hasLine) this.draw();
    this.hasLine = Boolean(surface.line);
  }

  /** The image with its measurements as it is turned and windowed, pixel for pixel, without what names the patient. */
  async picture(type) {
    const { instance, frame } = this.shown, window = this.#serverWindow(instance);
    // without loss where none is asked for; the server's picture, not one that was toned here
    const url = type === 'image/png' ? pictureAddress(instance, frame, window, '&accept=image/png', this.#stateOf(instance, frame)) : this.urlOf(instance, frame);
    Object.assign(this.#surface, { picture: await this.#frames.load(url), pictureWindow: window });
    return this.#surface.toBlob(type);
  }

  /** Writes anew what is said about the picture. */
  #say() {
    this.#label();
    this.#changed(this);
  }

  #label() {
    this.canvas.setAttribute('aria-label', this.#name());
    this.#corners.write(this);
  }

  #name() {
    const { series, shown } = this;
    if (!series || !shown) return text('Field', this.number);
    const measured = this.measurements.filter(m => m.isComplete).map(m => m.say(this.details));
    const failed = this.element.classList.contains('failed') ? [text('Failed')] : [];
    const state = this.stateView ? [nameOf(this.view.state)] : [];
    return [text('Field', this.number), series.title, placeOf(this), ...state, ...failed, ...measured].join(', ');
  }

  /** A measurement has come, gone or learnt its values. */
  measured() {
    this.draw();
    this.#say();
  }
}

/** As it was. */
export function resetView(pane) {
  pane.view = fresh();
  pane.draw();
  pane.refresh();
  pane.measured();
}
