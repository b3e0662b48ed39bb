// Lengths, angles and areas: what they are in the patient, and how they look. Coordinates are pixels of the image, from the upper left corner.

import { text, number, significant } from './study.js';

// PS3.3 §C.8.5.5.1.15
const UNITS = { 0: '', 1: '%', 2: 'dB', 3: 'cm', 4: 's', 5: 'Hz', 6: 'dB/s', 7: 'cm/s', 8: 'cm²', 9: 'cm²/s', 10: 'cm³', 11: 'cm³/s', 12: '°' };
const CM = 3, SECONDS = 4;

/** How many points a measurement has; a drawn line as many as it takes. */
export const POINTS = { length: 2, ellipse: 2, outline: Infinity, angle: 3, probe: 1 };

// of a drawn line: the server takes 256 (ValueRoute)
const MAX_CORNERS = 200;

/** A measurement on one frame. */
export class Measurement {
  /** What the server says of the values below it, once it has. */
  values = null;
  /** Whether a drawn line has come back to its beginning. */
  isClosed = false;

  constructor(kind, points) {
    this.kind = kind;
    this.points = points;
  }

  get isComplete() {
    return this.isClosed || this.points.length === POINTS[this.kind];
  }

  /** Whether somebody meant it: a click is no length. */
  get hasSize() {
    const [a, b, c] = this.points;
    if (this.kind === 'outline') return this.points.length > 2 && this.points.some(p => far(a, p));
    return this.kind === 'probe' || (far(a, b) && (this.kind !== 'angle' || far(b, c)));
  }

  /** Ends a drawn line where it began, with as many corners as are needed. */
  close() {
    const every = Math.ceil(this.points.length / MAX_CORNERS);
    this.points = this.points.filter((_, i) => i % every === 0);
    this.isClosed = true;
  }

  /** The measurement in words: first what it is, then its value. */
  say(details) {
    const label = this.label(details);
    switch (this.kind) {
      case 'length': return text('Length', label);
      case 'ellipse':
      case 'outline': return text('Area', label);
      case 'angle': return text('Angle', label);
      default: return text('Value', label);
    }
  }

  /** Its value alone, as it stands beside it in the image. */
  label(details) {
    const scale = scaleOf(details, this.points);
    switch (this.kind) {
      case 'length': return length(scale, ...this.points);
      case 'ellipse': return [area(scale, ...this.points), this.values && statistics(this.values)].filter(Boolean).join(' · ');
      case 'outline': return [...outline(scale, this.points), this.values && statistics(this.values)].filter(Boolean).join(' · ');
      case 'angle': return angle(scale, ...this.points);
      default: return this.values ? value(this.values) : '…';
    }
  }
}

const far = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) >= 1;

/**
 * What a pixel is: the smallest ultrasound region that holds all points, else the spacing of the image, else nothing. A region has a unit for each direction; where there are
 * regions, pixels outside of them, or across them, mean nothing.
 */
function scaleOf(details, points) {
  const regions = details?.regions;
  if (regions) {
    const inside = regions.filter(r => points.every(p => p.x >= r.minX && p.x <= r.maxX + 1 && p.y >= r.minY && p.y <= r.maxY + 1));
    const size = r => (r.maxX - r.minX) * (r.maxY - r.minY);
    const region = inside.sort((a, b) => size(a) - size(b))[0];
    if (region) return { x: Math.abs(region.deltaX), y: Math.abs(region.deltaY), unitX: region.unitX, unitY: region.unitY };
  } else if (details?.spacing) {
    const { row, column, plane } = details.spacing;
    return { x: column, y: row, unitX: 'mm', unitY: 'mm', note: plane === 'detector' ? text('Detector') : plane === 'scan' ? text('Scan') : '' };
  }
  return { x: 1, y: 1, unitX: 'px', unitY: 'px' };
}

/** What a pixel is for a ruler beside the whole image, in mm: its spacing; of ultrasound what the largest region in cm says, unless a second one that is nearly as large says something else. Null for nothing. */
export function rulerScale(details) {
  if (details?.regions) {
    const size = r => (r.maxX - r.minX) * (r.maxY - r.minY);
    const planes = details.regions.filter(r => r.unitX === CM && r.unitY === CM).sort((a, b) => size(b) - size(a)), [largest] = planes;
    const isSame = (a, b) => Math.abs(Math.abs(a) - Math.abs(b)) <= Math.abs(b) / 100;
    if (!largest || planes.some(r => size(r) > size(largest) / 2 && !(isSame(r.deltaX, largest.deltaX) && isSame(r.deltaY, largest.deltaY)))) return null;
    return { x: Math.abs(largest.deltaX) * 10, y: Math.abs(largest.deltaY) * 10 };
  }
  if (!details?.spacing) return null;
  const { x, y, note } = scaleOf(details, []);
  return { x, y, note };
}

const isPlane = scale => scale.unitX === scale.unitY && [CM, 'mm', 'px'].includes(scale.unitX);
const noted = (words, scale) => scale.note ? `${words} (${scale.note})` : words;

function distance(value, unit) {
  switch (unit) {
    case CM: return `${number(value, 2)} cm`;
    case 'mm': return `${number(value, 1)} mm`;
    case 'px': return text('Pixels', number(value));
    case SECONDS: return value < 1 ? `${number(value * 1000)} ms` : `${number(value, 2)} s`;
    default: return `${number(value, 1)} ${UNITS[unit] ?? ''}`.trim();
  }
}

function length(scale, a, b) {
  const dx = Math.abs(a.x - b.x) * scale.x, dy = Math.abs(a.y - b.y) * scale.y;
  if (isPlane(scale)) return noted(distance(Math.hypot(dx, dy), scale.unitX), scale);
  // a spectrum or an M-mode strip: the two directions are different things
  return [[dx, scale.unitX], [dy, scale.unitY]].filter(([, unit]) => UNITS[unit]).map(([v, unit]) => distance(v, unit)).join(' · ')
    || text('Pixels', number(Math.hypot(a.x - b.x, a.y - b.y)));
}

// a spectrum has no areas
const planar = scale => isPlane(scale) ? scale : { x: 1, y: 1, unitX: 'px', unitY: 'px' };

function square(value, unit) {
  return unit === CM ? `${number(value, 2)} cm²` : unit === 'px' ? `${text('Pixels', number(value))}²` : value >= 100 ? `${number(value / 100, 2)} cm²` : `${number(value, 1)} mm²`;
}

function area(scale, a, b) {
  const { x, y, unitX: unit } = planar(scale);
  const width = Math.abs(a.x - b.x) * x, height = Math.abs(a.y - b.y) * y;
  return noted(`${square(Math.PI / 4 * width * height, unit)} (${distance(width, unit)} × ${distance(height, unit)})`, planar(scale));
}

// what a drawn line surrounds, and how long it is
function outline(scale, points) {
  const { x, y, unitX: unit } = planar(scale);
  let [twice, around] = [0, 0];
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    twice += (a.x * b.y - b.x * a.y) * x * y;
    around += Math.hypot((a.x - b.x) * x, (a.y - b.y) * y);
  });
  return [noted(square(Math.abs(twice) / 2, unit), planar(scale)), text('Circumference', distance(around, unit))];
}

// between the arms at the second point. Right where pixels are as wide as high in one unit; else an angle means nothing in the patient, and is that of the picture
function angle(scale, a, vertex, b) {
  const { x, y } = isPlane(scale) ? scale : { x: 1, y: 1 };
  const direction = p => Math.atan2((p.y - vertex.y) * y, (p.x - vertex.x) * x);
  const degrees = Math.abs(direction(a) - direction(b)) * 180 / Math.PI;
  return `${number(degrees > 180 ? 360 - degrees : degrees, 1)}°`;
}

const amount = (v, values) => values.isWhole ? number(v) : significant(v);
const unit = values => values.unit ? ` ${values.unit}` : '';

function value(values) {
  return values.value === undefined && !values.color ? text('NoValue') : values.color ? `RGB ${values.color.join(' / ')}` : `${amount(values.value, values)}${unit(values)}`;
}

function statistics(values) {
  if (values.mean === undefined) return '';
  const average = v => values.isWhole ? number(v, 1) : significant(v);
  return text('Statistics', average(values.mean), average(values.deviation), amount(values.least, values), `${amount(values.largest, values)}${unit(values)}`);
}

/** The point of a measurement that is within reach, to be moved. */
export function handleNear(measurements, matrix, point, reach) {
  const at = matrix.transformPoint(point);
  for (const measurement of [...measurements].reverse()) {
    if (measurement.kind === 'outline') continue; // is drawn anew
    const index = measurement.points.findIndex(p => { const q = matrix.transformPoint(p); return Math.hypot(q.x - at.x, q.y - at.y) <= reach; });
    if (index >= 0) return { measurement, index };
  }
  return null;
}

/** Draws measurements. The context is in pixels of the screen; matrix leads from the image to them. */
export function drawMeasurements(context, measurements, matrix, details, unitLength) {
  for (const measurement of measurements) draw(context, measurement, matrix, details, unitLength);
}

function draw(context, measurement, matrix, details, u) {
  const points = measurement.points.map(p => matrix.transformPoint(p));
  const path = new Path2D();
  if (measurement.kind === 'ellipse') {
    if (points.length < 2) return;
    const [a, b] = measurement.points, center = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    // through the matrix, so that it turns with the image
    for (let i = 0; i <= 72; i++) {
      const t = i * Math.PI / 36;
      const q = matrix.transformPoint({ x: center.x + Math.cos(t) * (b.x - a.x) / 2, y: center.y + Math.sin(t) * (b.y - a.y) / 2 });
      if (i === 0) path.moveTo(q.x, q.y);
      else path.lineTo(q.x, q.y);
    }
  } else {
    points.forEach((q, i) => i === 0 ? path.moveTo(q.x, q.y) : path.lineTo(q.x, q.y));
    if (measurement.isClosed) path.closePath();
  }
  for (const q of measurement.kind === 'outline' ? points.slice(0, 1) : points) {
    const cross = new Path2D();
    cross.moveTo(q.x - 5 * u, q.y); cross.lineTo(q.x + 5 * u, q.y);
    cross.moveTo(q.x, q.y - 5 * u); cross.lineTo(q.x, q.y + 5 * u);
    path.addPath(cross);
  }
  // dark below light: seen on black and on white
  context.lineCap = context.lineJoin = 'round';
  context.strokeStyle = 'rgb(0 0 0 / 75%)';
  context.lineWidth = 4 * u;
  context.stroke(path);
  context.strokeStyle = '#ffd75e';
  context.lineWidth = 1.75 * u;
  context.stroke(path);
  if (!measurement.isComplete) return;
  const lowest = points.reduce((a, b) => b.y > a.y || (b.y === a.y && b.x > a.x) ? b : a);
  label(context, measurement.label(details), lowest.x + 10 * u, lowest.y + 10 * u, u);
}

function label(context, words, x, y, u) {
  context.font = `600 ${14 * u}px system-ui, sans-serif`;
  context.textBaseline = 'top';
  const rows = words.split(' · ');
  const width = Math.max(...rows.map(r => context.measureText(r).width)) + 12 * u, height = (4 + 18 * rows.length) * u;
  x = Math.max(0, Math.min(x, context.canvas.width - width));
  y = Math.max(0, Math.min(y, context.canvas.height - height));
  context.fillStyle = 'rgb(0 0 0 / 72%)';
  context.beginPath();
  context.roundRect(x, y, width, height, 5 * u);
  context.fill();
  context.fillStyle = '#ffe596';
  rows.forEach((row, i) => context.fillText(row, x + 6 * u, y + (4 + 18 * i) * u));
}
