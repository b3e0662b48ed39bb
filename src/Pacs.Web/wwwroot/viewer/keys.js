// The keys of the viewer. Letters and signs can be chosen (shortcuts.js); arrows, and keys with a name of their own, stay.

import { hasModifier, isTyping } from '../shortcuts.js';
import { POINTS } from './measure.js';
import { keyboard } from './tools.js';

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const toolOf = digit => document.querySelector(`[data-digit="${digit}"]`).dataset.tool;

/**
 * Listens to the keys.
 * @param shortcuts which key does what
 * @param viewer what there is to do: act(name), setTool(tool), stepInstance(pane, by), stepSeries(by), ends(isLast), active(); host is that of the tools
 */
export function listen(shortcuts, { host, act, setTool, stepInstance, stepSeries, ends, active }) {
  function arrow(e, pane) {
    const [dx, dy] = ARROWS[e.key];
    if (pane.cursor) keyboard.move(pane, dx * (e.shiftKey ? 10 : 1), dy * (e.shiftKey ? 10 : 1));
    else if (e.shiftKey && !(host.tool in POINTS)) keyboard.nudge(pane, host.tool, dx, dy, host);
    else if (dx) host.step(pane, dx);
    else if (pane.instance?.frames > 1) stepInstance(pane, dy);
    else host.step(pane, dy);
  }

  const named = {
    PageUp: () => stepSeries(-1),
    PageDown: () => stepSeries(1),
    Home: () => ends(false),
    End: () => ends(true),
    ' ': () => act('cine'),
    Enter: pane => { if (host.tool in POINTS && document.activeElement === pane.canvas) keyboard.enter(pane, host.tool, host); },
    Escape: pane => { if (!keyboard.leave(pane)) document.querySelector('.back').click(); },
    Delete: pane => {
      pane.measurements.pop();
      pane.measured();
    },
  };

  /** Does what a key says; says whether that was something. */
  function press(e, pane) {
    const { key, target, repeat } = e;
    // what has keys of its own keeps them
    if (hasModifier(e) || isTyping(target) || target.matches('video')) return false;
    if (target.matches('input') && (key in ARROWS || /^(Home|End|Page)/.test(key))) return false;
    if (target.matches('button, a') && (key === ' ' || key === 'Enter')) return false;
    if (key in ARROWS) {
      if (target.closest('[role=toolbar]')) return false;
      arrow(e, pane);
      return true;
    }
    if (Object.hasOwn(named, key)) {
      if (!repeat || key.startsWith('Page')) named[key](pane);
      return true;
    }
    const digit = shortcuts.digitOf(e), action = shortcuts.actionOf(e);
    if (digit) setTool(toolOf(digit));
    else if (action && (!repeat || action === 'larger' || action === 'smaller')) act(action);
    return Boolean(digit || action);
  }

  document.addEventListener('keydown', e => {
    const pane = active();
    if (pane && !document.querySelector('dialog[open]') && press(e, pane)) e.preventDefault();
  });
}
