namespace Pacs.Interop;

/// <summary>What a program can see of accessibility (WCAG 2.2 AA) in a page; the rest needs people.</summary>
public static class PageChecks
{
    /// <summary>A function for the browser that returns one sentence for each thing that is wrong.</summary>
    public const string Script = """
        () => {
          const wrong = [];
          const seen = e => { const b = e.getBoundingClientRect(), s = getComputedStyle(e); return b.width > 1 && b.height > 1 && s.visibility === 'visible'; };
          const labels = e => (e.getAttribute('aria-labelledby') ?? '').split(/\s+/).map(id => document.getElementById(id)?.textContent ?? '').join(' ').trim();
          const name = e => (labels(e) || e.getAttribute('aria-label') || e.textContent || '').trim() || [...e.querySelectorAll('img')].map(i => i.alt).join('').trim();
          const say = (e, what) => wrong.push(`${what}: <${e.tagName.toLowerCase()} class="${e.className}"> ${(e.textContent || '').trim().slice(0, 40)}`);

          if (!document.title) wrong.push('no title (2.4.2)');
          if (!document.documentElement.lang) wrong.push('no language (3.1.1)');
          if (document.querySelectorAll('main').length !== 1) wrong.push('not one main (1.3.1)');
          if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1 (1.3.1)');
          let level = 0;
          for (const h of document.querySelectorAll('h1,h2,h3,h4')) { const l = +h.tagName[1]; if (l > level + 1 && level > 0) say(h, 'a heading level is left out (1.3.1)'); level = l; }
          const ids = new Set();
          for (const e of document.querySelectorAll('[id]')) { if (ids.has(e.id)) say(e, 'an id twice (4.1.2)'); ids.add(e.id); }
          for (const e of document.querySelectorAll('[aria-labelledby]')) if (!labels(e)) say(e, 'labelled by nothing (4.1.2)');
          for (const e of document.querySelectorAll('img:not([alt])')) say(e, 'an image without alt (1.1.1)');
          for (const e of document.querySelectorAll('input:not([type=hidden]),select,textarea')) if (!e.labels?.length && !e.getAttribute('aria-label')) say(e, 'a field without label (3.3.2)');
          for (const e of document.querySelectorAll('a,button')) if (!name(e)) say(e, 'a control without a name (4.1.2)');
          for (const t of document.querySelectorAll('table')) {
            if (!t.caption?.textContent.trim()) say(t, 'a table without caption (1.3.1)');
            for (const th of t.querySelectorAll('th')) if (!th.scope) say(th, 'a header cell without scope (1.3.1)');
          }
          for (const n of document.querySelectorAll('nav')) if (!n.getAttribute('aria-label')) say(n, 'a nav without name (2.4.1)');

          // reflow (1.4.10): no scrolling sideways but inside what may scroll
          if (document.documentElement.scrollWidth > document.documentElement.clientWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} px wide (1.4.10)`);
          for (const e of document.querySelectorAll('body *')) if (e.scrollWidth > e.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
            && e.tabIndex < 0 && !e.querySelector('a,button,input')) say(e, 'scrolls, but not by keyboard (2.1.1)');

          // target size (2.5.8): 24 px, but for links in a sentence
          for (const e of document.querySelectorAll('a,button,input')) {
            const b = e.getBoundingClientRect();
            const inline = e.tagName === 'A' && getComputedStyle(e).display === 'inline' && !e.closest('nav');
            if (seen(e) && !inline && !e.classList.contains('skip') && (b.height < 24 || b.width < 24)) say(e, `only ${Math.round(b.width)} × ${Math.round(b.height)} px (2.5.8)`);
          }

          // contrast (1.4.3)
          const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
          const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
          const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
          const ground = e => { const stack = []; for (let n = e; n; n = n.parentElement) stack.push(parse(getComputedStyle(n).backgroundColor)); return stack.reverse().reduce((under, c) => over(c, under), [255, 255, 255, 1]); };
          const done = new Set();
          for (const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walker.nextNode();) {
            const e = walker.currentNode.parentElement;
            if (done.has(e) || !walker.currentNode.data.trim() || !seen(e) || e.closest('.unseen, .skip')) continue;
            done.add(e);
            const s = getComputedStyle(e), size = parseFloat(s.fontSize), large = size >= 24 || (size >= 18.66 && +s.fontWeight >= 700);
            const r = ratio(over(parse(s.color), ground(e)), ground(e));
            if (r < (large ? 3 : 4.5)) say(e, `contrast ${r.toFixed(2)} (1.4.3)`);
          }
          return wrong;
        }
        """;
}
