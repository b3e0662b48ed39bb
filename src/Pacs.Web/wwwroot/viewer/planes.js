// Where images lie in the patient: directions, positions along a stack, where one image cuts another. In mm, to the left, the back and the head (PS3.3 §C.7.6.2.1.1).

// what is seen as one direction: a gantry is tilted by less
const PARALLEL = 0.95;
// of a direction that is named: an oblique image is called by its two main ones
const NAMED = 0.3;
const OPPOSITE = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };
const SIDES = { left: [-1, 0], top: [0, -1], right: [1, 0], bottom: [0, 1] };

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const sum = (a, b, by) => a.map((v, i) => v + b[i] * by);

/** What an image says of the place of a frame, from 1; or undefined. */
export function planeOf(details, frame) {
  const planes = details?.planes;
  return planes && (planes.length > 1 ? planes[frame - 1] : planes[0]) || undefined;
}

/** The direction in which slices follow each other, towards left, back or head. */
export function normalOf({ row: r, column: c }) {
  const n = [r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]];
  const most = n.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a);
  return most < 0 ? n.map(v => -v) : n;
}

/** How far a plane lies along a direction. */
export const along = (plane, normal) => dot(plane.position, normal);

/** Whether slices of two directions can be compared. */
export const areParallel = (a, b) => Math.abs(dot(a, b)) > PARALLEL;

/** The letters of a direction, the main one first: LP is to the left and a little to the back. */
function lettersOf(direction) {
  return direction.map((v, i) => ({ size: Math.abs(v), letter: 'LPH'[i], v })).filter(d => d.size > NAMED).sort((a, b) => b.size - a.size).slice(0, 2)
    .map(({ letter, v }) => v < 0 ? OPPOSITE[letter] : letter).join('');
}

const opposite = letters => [...letters].map(l => OPPOSITE[l]).join('');

/** What lies at each side of an image as it is turned, in letters; null where the image does not say. */
export function sidesOf(details, frame, { turn, flip }) {
  const plane = planeOf(details, frame);
  if (!plane && !details?.letters) return null;
  return Object.fromEntries(Object.entries(SIDES).map(([side, [x, y]]) => {
    // back through quarter turns and mirror, to the image's own directions
    for (let i = 0; i < turn; i++) [x, y] = [y, -x];
    if (flip) x = -x;
    if (plane) return [side, lettersOf(sum(plane.row.map(v => v * x), plane.column, y))];
    const own = details.letters[x ? 0 : 1];
    return [side, x + y < 0 ? opposite(own) : own];
  }));
}

/** The line in which one image cuts another, in pixels of the other: two points, or null where they lie side by side or are not of one frame of reference. */
export function cut(details, frame, other, otherFrame) {
  const a = planeOf(details, frame), b = planeOf(other, otherFrame);
  if (!a?.frame || a.frame !== b?.frame || !details.spacing || !other.spacing) return null;
  const normal = normalOf(b);
  if (areParallel(normalOf(a), normal)) return null;
  const { row, column } = details.spacing;
  // the corners, half a pixel outside of the centres
  const corners = [[-0.5, -0.5], [details.columns - 0.5, -0.5], [details.columns - 0.5, details.rows - 0.5], [-0.5, details.rows - 0.5]]
    .map(([x, y]) => sum(sum(a.position, a.row, x * column), a.column, y * row));
  const heights = corners.map(c => dot(c, normal) - along(b, normal)), points = [];
  for (let i = 0; i < 4; i++) {
    const next = (i + 1) % 4;
    if (heights[i] < 0 === heights[next] < 0) continue;
    const share = heights[i] / (heights[i] - heights[next]);
    const from = sum(sum(corners[i], sum(corners[next], corners[i], -1), share), b.position, -1);
    points.push({ x: dot(from, b.row) / other.spacing.column + 0.5, y: dot(from, b.column) / other.spacing.row + 0.5 });
  }
  return points.length === 2 ? points : null;
}
