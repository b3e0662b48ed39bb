// Why something cannot be shown, in words that say what to do. What the server says stands below, for who mends it.

import { text } from './study.js';

/**
 * @param instance the object, or undefined where it is not known
 * @param error with reason (HttpProblem.Reason), isOver, status and message
 */
export function reasonFor(instance, { reason, isOver, status, message }) {
  if (isOver) return text('LoginOver');
  if (!instance || message === '') return text('Offline');
  if (instance.codec) return text('WhyCodec', instance.codec);
  switch (reason) {
    case 'codec': return text('WhyCodec', text('WhyCodecUnknown'));
    case 'damaged': return instance.isStill ? text('NoVideo') : text('WhyDamaged');
    case 'ffmpeg': return text('WhyFfmpeg');
    case 'file': return text('WhyFile');
    case 'frame': return text('WhyFrame');
    case 'full': return text('DiskFull');
    case 'pixels': return text('WhyPixels');
    case 'state': return text('WhyState');
    case 'unreadable': return text('WhyUnreadable');
    case 'browser': return text('WhyBrowser');
    default: return instance.isStill ? text('NoVideo') : status === 404 ? text('WhyGone') : status ? text('WhyServer') : '';
  }
}

/** The server's own words, to be unfolded. */
export function technical(message, status) {
  const details = document.createElement('details'), summary = document.createElement('summary'), words = document.createElement('p');
  summary.textContent = text('Technical');
  words.textContent = [status && `HTTP ${status}`, message].filter(Boolean).join(': ');
  words.lang = 'en';
  details.append(summary, words);
  return details;
}
