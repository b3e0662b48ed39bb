// The viewer: fields, tools, keys. Everything it shows comes from the server (study.js, frames.js).

import { address, json, openStudy, text } from './study.js';
import { Frames } from './frames.js';
import { listen } from './keys.js';
import { Pane, resetView } from './pane.js';
import { keyboard, Pointer, zoom } from './tools.js';
import { isPlaying, play, stop } from './cine.js';
import { Marks } from './marks.js';
import { SeriesList } from './list.js';
import { MeasurementList } from './measured.js';
import { Together } from './together.js';
import { WindowChoice } from './windows.js';
import { nameOf, StateChoice, statesOf } from './states.js';
import { reasonFor } from './reasons.js';
import { Shortcuts } from '../shortcuts.js';

const $ = id => document.getElementById(id);
const LAYOUTS = [...$('layout').options].map(o => o.value);
// of one print
const MAX_PRINTED = 24;

const frames = new Frames();
const measurements = new Map();
const marks = new Marks();
const panes = [];
let active = null;
const together = new Together();
const windows = new WindowChoice($('presets'), window => { active.window = window; });
const states = new StateChoice($('states'), state => {
  active.state = state;
  say(state ? nameOf(state) : '');
});
const list = new SeriesList($('series'), marks, (series, at) => {
  if (series.first.kind === 'state') return openIn(active, series, at);
  if (active.series !== series || at === undefined) return openIn(active, series, at);
  return go(active, at, frameOf(series, at));
});
const measured = new MeasurementList($('measured'), measurements);
const host = {
  tool: 'window',
  activate,
  step,
  measured(pane, measurement) {
    if (!pane.measurements.includes(measurement)) pane.measurements.push(measurement);
    pane.measured();
    say(measurement.say(pane.details));
    void learn(pane, measurement);
  },
};

/** What is below a measurement, in the image's own units. */
async function learn(pane, measurement) {
  const { kind, points } = measurement, { instance, frame } = pane.shown, [a, b] = points;
  if (kind !== 'probe' && !(['ellipse', 'outline'].includes(kind) && pane.isGray)) return;
  const query = kind === 'probe' ? `punkt=${a.x},${a.y}` : kind === 'ellipse' ? `ellipse=${[a.x, a.y, b.x, b.y].join(',')}` : `umriss=${points.map(p => `${p.x.toFixed(2)},${p.y.toFixed(2)}`).join(',')}`;
  const values = await json(`viewer/werte/${instance.id}/${frame}.json?${query}`).catch(() => ({}));
  if (kind !== 'outline' && measurement.points.some((p, i) => p.x !== [a, b][i]?.x || p.y !== [a, b][i]?.y)) return; // moved meanwhile
  measurement.values = values;
  if (pane.shown?.instance !== instance || pane.shown.frame !== frame) return;
  pane.measured();
  say(measurement.say(pane.details));
}

/** A study, with what is marked in it. */
async function open(id) {
  const study = await openStudy(id);
  marks.learn(study);
  // the first image does not wait for them
  statesOf(study).then(() => { if (active) changed(active); }, () => {});
  return study;
}

function say(words) {
  $('status').textContent = words;
}

// ---- fields -----------------------------------------------------------------------------------------------------------------------

function setLayout(layout) {
  const [rows, columns] = layout.split('x').map(Number), count = rows * columns;
  const all = $('panes');
  all.dataset.count = count;
  all.style.setProperty('--rows', rows);
  all.style.setProperty('--columns', columns);
  $('layout').value = layout;
  while (panes.length < count) {
    const pane = new Pane(panes.length + 1, frames, measurements, changed);
    pane.isMarked = ({ instance, frame }) => marks.has(instance.id, frame);
    new Pointer(pane, host);
    pane.canvas.addEventListener('focus', () => activate(pane));
    pane.element.addEventListener('pointerdown', () => activate(pane));
    pane.body.addEventListener('focusin', () => activate(pane));
    panes.push(pane);
  }
  const shown = panes.slice(0, count);
  panes.slice(count).forEach(stop);
  all.replaceChildren(...shown.map(p => p.element));
  if (!active || !shown.includes(active)) activate(shown[0]);
  fill(shown);
}

/** Empty fields get the series that are in none, or the images that follow where there is one series. */
function fill(shown) {
  const first = shown.find(p => p.series)?.series;
  if (!first) return;
  const rest = first.study.series.filter(s => !['other', 'state'].includes(s.first.kind) && !shown.some(p => p.series === s));
  const isAlone = first.study.series.filter(s => s.first.kind === 'image').length < 2;
  for (const [i, pane] of shown.entries()) {
    if (pane.series) continue;
    if (isAlone && shown[0].series === first) {
      if (shown[0].want.at + i < first.count) pane.open(first, shown[0].want.at + i);
    } else if (rest.length) {
      pane.open(rest.shift());
    }
  }
}

function activate(pane) {
  if (active === pane) return;
  active = pane;
  for (const p of panes) p.element.classList.toggle('active', p === pane);
  changed(pane);
}

/** Another field, for the keyboard. */
function focus(pane) {
  activate(pane);
  (pane.canvas.hidden ? pane.body.querySelector('video, iframe') : pane.canvas)?.focus();
}

const shownPanes = () => panes.slice(0, +$('panes').dataset.count);

/** The tools say what holds for the active field. */
function changed(pane) {
  list.update(shownPanes(), active);
  for (const p of shownPanes()) p.guide = active;
  if (pane !== active) return;
  const { instance, series, shown, view } = pane;
  const isImage = Boolean(shown && instance?.kind === 'image' && pane.message.hidden);
  const isCine = isImage && instance.frames > 1;
  const slider = $('slider');
  slider.max = isCine ? instance.frames : series?.count ?? 1;
  slider.value = isCine ? pane.want.frame : pane.want.at + 1;
  slider.disabled = slider.max === '1';
  slider.setAttribute('aria-valuetext', isCine ? text('FrameOf', pane.want.frame, instance.frames) : text('ImageOf', pane.want.at + 1, series?.count ?? 1));
  press('cine', isPlaying(pane));
  press('invert', view.invert);
  press('flip', view.flip);
  press('key', isImage && marks.has(instance.id, pane.want.frame));
  for (const name of ['invert', 'rotate', 'flip', 'reset', 'key', 'jpeg', 'png']) button(name).disabled = !isImage;
  button('cine').disabled = instance?.kind !== 'video' && (!isImage || instance.isStill || (!isCine && series.count < 2));
  windows.offer(pane);
  states.offer(pane);
  for (const toolbar of toolbars) toolbar.letIn();
}

const button = name => document.querySelector(`[data-do=${name}]`);

function press(name, isPressed) {
  button(name).setAttribute('aria-pressed', isPressed);
}

// ---- going through images -----------------------------------------------------------------------------------------------------------

/** To an image; the other fields follow where they are linked. */
function go(pane, at, frame = 1) {
  const before = pane.want;
  stop(pane);
  pane.go(at, frame);
  if (pane === active) together.follow(pane, before, shownPanes());
}

/** Frame by frame in a cine, image by image else. */
function step(pane, by) {
  const { instance, series, want } = pane;
  if (!series) return;
  const frame = want.frame + by, most = instance?.frames ?? 1;
  if (most > 1 && frame >= 1 && frame <= most) go(pane, want.at, frame);
  else if (most > 1 && Math.abs(by) > 1) go(pane, want.at, frame < 1 ? 1 : most);
  else stepInstance(pane, by);
}

function stepInstance(pane, by) {
  const { series, want } = pane, at = series && Math.max(0, Math.min(series.count - 1, want.at + by));
  stop(pane);
  if (series && at !== want.at) go(pane, at, by < 0 && !series.study.isMarkedOnly ? lastFrameOf(series.at(at), pane) : frameOf(series, at));
}

// where only marked images are wanted, the marked frame of a cine
const frameOf = (series, at) => (series.study.isMarkedOnly && series.at(at) ? marks.firstOf(series.at(at).id) : 1);

// backwards out of a cine one comes to the end of the one before, image by image to its beginning
const lastFrameOf = (instance, pane) => pane.instance?.frames > 1 && instance?.frames > 1 ? instance.frames : 1;

function stepSeries(by) {
  const all = active.series?.study.series.filter(s => s === active.series || s.first.kind !== 'state') ?? [];
  const next = all[all.indexOf(active.series) + by];
  if (next) openIn(active, next);
}

function openIn(pane, series, at = 0) {
  stop(pane);
  if (series.first.kind === 'state') return openState(pane, series, at);
  pane.open(series, at, frameOf(series, at));
  if (together.isOn) together.know([pane]);
  return undefined;
}

/** The first image that a presentation state is about, as it wants it. */
async function openState(pane, series, at) {
  const { study } = series, instance = await series.need(at).catch(() => null);
  const state = (await statesOf(study).catch(() => [])).find(s => s.id === instance?.id);
  const images = state?.first && study.series.find(s => s.id === state.first.series);
  if (!images) return pane.open(series, at); // which says that there is none
  pane.open(images, state.first.at, state.first.frame);
  pane.state = state;
  say(nameOf(state));
  if (together.isOn) together.know([pane]);
  return undefined;
}

function toggleCine() {
  const video = active.body.querySelector('video');
  if (video) {
    if (video.paused) video.play();
    else video.pause();
    return;
  }
  if (isPlaying(active)) stop(active);
  else play(active);
  changed(active);
}

/** Beside the active field: the same part of the patient in another study, the next older one if there is one. */
async function compare() {
  const here = active.series, all = [...$('studies').options].map(o => o.value);
  if (!here) return;
  const at = all.indexOf(here.study.id);
  for (const id of [...all.slice(at + 1), ...all.slice(0, Math.max(0, at)).reverse()]) {
    const study = await open(id).catch(() => null);
    const fits = study?.series.filter(s => s.modality === here.modality && s.first.kind === active.instance?.kind) ?? [];
    const series = fits.find(s => s.description === here.description) ?? fits[0];
    if (!series) continue;
    if (shownPanes().length === 1) setLayout('1x2');
    const shown = shownPanes(), other = shown[(shown.indexOf(active) + 1) % shown.length];
    // as far into the body: most examinations of a kind cover the same part
    openIn(other, series, Math.round(active.want.at / Math.max(1, here.count - 1) * (series.count - 1)));
    say(text('Compared', `${study.date} ${series.title}`));
    return;
  }
  say(text('NothingToCompare'));
}

// ---- what is done with images -----------------------------------------------------------------------------------------------------------

/** How an image is seen, for the print. */
const lookOf = ({ isGray, view, stateView }) => ({ window: isGray ? view.window : null, state: stateView ? view.state.id : null });

async function mark() {
  const { series: { study, id }, instance, want } = active;
  try {
    await marks.toggle(study, id, instance.id, want.frame, lookOf(active));
    say(text('Marked', marks.count(study.id)));
  } catch (e) {
    say(e.status ? reasonFor(instance, e) : text('Offline'));
  }
  panes.forEach(p => p.measured());
}

async function save(type, ending) {
  const { series, instance, want, shown } = active;
  if (!shown) return;
  const blob = await active.picture(type);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  // no name of a patient: the file leaves the archive
  link.download = [series.modality || 'Bild', series.number ?? 0, instance.number ?? want.at + 1, ...(instance.frames > 1 ? [want.frame] : [])].join('-').replace(/[^\w-]/g, '_') + ending;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function print() {
  const { series, instance, want, shown } = active;
  const query = (series && marks.query(series.study.id, MAX_PRINTED)) || (shown && instance?.kind === 'image' ? Marks.queryOf(instance.id, want.frame, lookOf(active)) : '');
  if (query) window.open(address(`drucken?${query}`), '_blank');
}

const actions = {
  cine: toggleCine,
  invert() { active.view.invert = !active.view.invert; active.measured(); },
  rotate() { active.view.turn = (active.view.turn + 1) % 4; active.measured(); },
  // as it is seen: behind a quarter turn left and right are other sides of the image
  flip() {
    const { view } = active;
    view.flip = !view.flip;
    view.turn = (4 - view.turn) % 4;
    active.measured();
  },
  reset() { resetView(active); },
  key: mark,
  jpeg: () => save('image/jpeg', '.jpg'),
  png: () => save('image/png', '.png'),
  print,
  compare,
  link() {
    together.toggle(shownPanes());
    press('link', together.isOn);
  },
  measured() {
    measured.show(active);
  },
  texts() {
    const isOff = document.body.classList.toggle('bare');
    press('texts', !isOff);
    shownPanes().forEach(p => p.draw()); // their rulers
  },
  help: () => shortcuts.open(),
  // of keys alone
  scroll: () => setTool('scroll'),
  length: () => setTool('length'),
  window: () => windows.next(),
  larger: () => zoom(active, 1.25),
  smaller: () => zoom(active, 0.8),
  layout: () => setLayout(LAYOUTS[(LAYOUTS.indexOf($('layout').value) + 1) % LAYOUTS.length]),
};

function act(name) {
  if (!button(name)?.disabled) actions[name]();
}

function setTool(tool) {
  if (host.tool !== tool) panes.forEach(p => keyboard.leave(p));
  host.tool = tool;
  for (const b of document.querySelectorAll('[data-tool]')) b.setAttribute('aria-pressed', b.dataset.tool === tool);
  $('panes').dataset.tool = tool;
}

function ends(isLast) {
  const { instance, series, want } = active;
  if (instance?.frames > 1) go(active, want.at, isLast ? instance.frames : 1);
  else if (series) go(active, isLast ? series.count - 1 : 0);
}

const shortcuts = new Shortcuts($('help'));
listen(shortcuts, { host, act, setTool, stepInstance, stepSeries, ends, active: () => active });

// ---- the toolbar ------------------------------------------------------------------------------------------------------------------------

const toolbars = [...document.querySelectorAll('[role=toolbar]')].map(toolbar => {
  toolbar.addEventListener('click', e => {
    const pressed = e.target.closest('button');
    if (!pressed) return;
    if (pressed.dataset.tool) setTool(pressed.dataset.tool);
    else act(pressed.dataset.do);
    // by mouse: the next key is for the image, not for the button
    if (e.detail > 0 && !document.querySelector('dialog[open]')) focus(active);
  });

  // one stop of the tabulator; arrows go through it (WAI-ARIA, pattern toolbar)
  const controls = [...toolbar.querySelectorAll('button, select')];
  const stopAt = control => controls.forEach(c => { c.tabIndex = c === control ? 0 : -1; });
  stopAt(controls[0]);
  toolbar.addEventListener('focusin', e => stopAt(e.target));
  toolbar.addEventListener('keydown', e => {
    const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (!by) return;
    const able = controls.filter(c => !c.disabled);
    able[(able.indexOf(e.target) + by + able.length) % able.length]?.focus();
    e.preventDefault();
  });
  return {
    // of what is no image most are disabled, and where the tabulator stops there is no way in
    letIn: () => { if (controls.some(c => c.tabIndex === 0 && c.disabled)) stopAt(controls.find(c => !c.disabled)); },
  };
});

$('layout').addEventListener('change', e => setLayout(e.target.value));
$('slider').addEventListener('input', e => {
  if (active.instance?.frames > 1) go(active, active.want.at, +e.target.value);
  else go(active, e.target.value - 1);
});
$('studies').addEventListener('change', async e => list.show(await open(e.target.value)));

// ---- begin ------------------------------------------------------------------------------------------------------------------------------

async function begin() {
  const { study: id, series: seriesId, at } = document.body.dataset;
  // a finger goes through the images; a mouse has a wheel for that
  setTool(matchMedia('(pointer: coarse)').matches ? 'scroll' : 'window');
  try {
    const study = await open(id);
    setLayout('1x1');
    list.show(study);
    const series = study.series.find(s => s.id === seriesId) ?? study.series.find(s => s.first.kind === 'image') ?? study.series[0];
    if (series) await openIn(active, series, +(at ?? 0));
    else say(text('NoPicture'));
    focus(active);
  } catch {
    say(text('Offline'));
  }
}

begin();
