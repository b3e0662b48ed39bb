// The list of studies: search while typing, series in place, rows that come by themselves, keys. Without it everything is there as links and forms.

const list = document.getElementById('liste');
const news = document.getElementById('list-news');
const search = document.getElementById('q');

if (list) {
  let asking = null;
  let typing = 0;

  // ---- the list for an address -------------------------------------------------------------------------------------------------

  // the same rows keep what somebody has done with them: ticks, open series, the focus
  const replace = html => {
    const ticked = new Set([...list.querySelectorAll('input[name=id]:checked')].map(box => box.value));
    const open = new Map([...list.querySelectorAll('tr.inside')].map(row => [row.dataset.of, row]));
    const focus = list.contains(document.activeElement) ? keyOf(document.activeElement) : null;
    list.innerHTML = html;
    for (const box of list.querySelectorAll('input[name=id]')) {
      box.checked = ticked.has(box.value);
    }
    prepare();
    for (const [id, row] of open) {
      const of = list.querySelector(`tr[data-id="${id}"]`);
      if (of) {
        of.after(row);
        of.querySelector('.unfold').setAttribute('aria-expanded', 'true');
      }
    }
    if (focus) {
      [...list.querySelectorAll('a, button, input')].find(element => keyOf(element) === focus)?.focus({ preventScroll: true });
    }
    count();
  };

  const keyOf = element => {
    const row = element.closest('tr[data-id], tr.inside');
    return `${row?.dataset.id ?? row?.dataset.of ?? ''} ${element.tagName} ${element.className} ${element.getAttribute('href') ?? element.value ?? ''}`;
  };

  const show = async (address, { push = false, quiet = false } = {}) => {
    asking?.abort();
    const mine = asking = new AbortController();
    const part = new URL(address, location.href);
    part.searchParams.set('teil', 'liste');
    list.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(part, { signal: mine.signal, headers: { Accept: 'text/html' } });
      if (!answer.ok) {
        throw new Error(answer.status);
      }
      const html = await answer.text();
      if (mine !== asking) {
        return;
      }
      replace(html);
      if (!quiet) {
        history[push ? 'pushState' : 'replaceState'](null, '', address);
        news.textContent = list.querySelector('table caption, .empty h2')?.textContent ?? '';
      }
    } catch (error) {
      if (error.name !== 'AbortError' && !quiet) {
        location.assign(address); // the browser says what is wrong
      }
    } finally {
      if (mine === asking) {
        asking = null;
        list.removeAttribute('aria-busy');
      }
    }
  };

  search?.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const address = new URL(location.href);
      for (const key of ['vor', 'nach', 'q', 'teil', 'lang', 'look']) {
        address.searchParams.delete(key);
      }
      const words = search.value.trim();
      if (words.length === 1) {
        return; // everything begins with something
      }
      if (words) {
        address.searchParams.set('q', words);
      }
      show(address.href);
    }, 180);
  });

  list.addEventListener('click', e => {
    const link = e.target.closest('.choices-bar a, .sort, .pager a, .found a');
    if (link && !e.ctrlKey && !e.metaKey && !e.shiftKey && e.button === 0) {
      e.preventDefault();
      if (link.closest('.found') && search) {
        search.value = '';
      }
      show(link.href, { push: true }).then(() => link.closest('.pager') && document.getElementById('inhalt').scrollIntoView());
    }
  });

  addEventListener('popstate', () => {
    if (search) {
      search.value = new URL(location.href).searchParams.get('q') ?? '';
    }
    show(location.href, { quiet: true });
  });

  // ---- series in place ------------------------------------------------------------------------------------------------------------

  const prepare = () => {
    for (const row of list.querySelectorAll('tr[data-id]')) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'unfold';
      button.setAttribute('aria-expanded', 'false');
      const name = row.querySelector('.name');
      name.id = `n-${row.dataset.id}`;
      button.id = `u-${row.dataset.id}`;
      button.setAttribute('aria-labelledby', `unfold-label ${name.id}`);
      row.querySelector('.patient').prepend(button);
    }
  };

  const unfold = async button => {
    const row = button.closest('tr');
    const id = row.dataset.id;
    const open = list.querySelector(`tr.inside[data-of="${id}"]`);
    if (open) {
      open.remove();
      button.setAttribute('aria-expanded', 'false');
      return;
    }
    button.setAttribute('aria-expanded', 'true');
    const answer = await fetch(`${list.dataset.src}studien/${id}?teil=serien`, { headers: { Accept: 'text/html' } });
    if (!answer.ok || button.getAttribute('aria-expanded') !== 'true' || !row.isConnected) {
      return;
    }
    const inside = document.createElement('tr');
    inside.className = 'inside';
    inside.dataset.of = id;
    const cell = inside.insertCell();
    cell.colSpan = row.cells.length;
    cell.innerHTML = await answer.text();
    row.after(inside);
  };

  list.addEventListener('click', e => {
    const button = e.target.closest('.unfold');
    if (button) {
      unfold(button);
    }
  });

  // ---- ticks ------------------------------------------------------------------------------------------------------------------------

  const count = () => {
    const number = list.querySelector('.picked .count');
    if (number) {
      number.textContent = list.querySelectorAll('input[name=id]:checked').length;
    }
  };
  list.addEventListener('change', count);
  list.addEventListener('reset', () => setTimeout(count));

  // ---- keys -------------------------------------------------------------------------------------------------------------------------

  document.addEventListener('keydown', e => {
    if (e.ctrlKey || e.altKey || e.metaKey) {
      return;
    }
    // going through the rows, and what a letter does to one, is the matter of keys.js
    const rows = [...list.querySelectorAll('tr[data-id]')];
    if (e.target === search) {
      if (e.key === 'Escape' && search.value) {
        e.preventDefault();
        search.value = '';
        search.dispatchEvent(new Event('input'));
      } else if (e.key === 'ArrowDown' && rows.length) {
        e.preventDefault();
        e.stopPropagation();
        rows[0].querySelector('.patient a').focus();
      }
      return;
    }
    const at = rows.indexOf(document.activeElement.closest('tr[data-id]'));
    if (at >= 0 && (e.key === 'ArrowRight' || e.key === 'ArrowLeft')) {
      const button = rows[at].querySelector('.unfold');
      if ((button.getAttribute('aria-expanded') === 'true') === (e.key === 'ArrowLeft')) {
        e.preventDefault();
        unfold(button);
      }
    }
  });

  // ---- what is new ------------------------------------------------------------------------------------------------------------------

  let stale = false;
  const refresh = () => {
    if (document.hidden) {
      stale = true;
    } else if (list.querySelector('table[data-live="1"]') && !asking) {
      stale = false;
      show(location.href, { quiet: true });
    } else if (!list.querySelector('table')) {
      stale = false;
      show(location.href, { quiet: true });
    }
  };
  const heard = () => setTimeout(refresh, Math.random() * 400); // not all tabs of the practice at once

  // a browser has six connections to a server: one worker listens for all tabs; where there is none, only the tab that somebody looks at
  if ('SharedWorker' in window) {
    const worker = new SharedWorker(`${list.dataset.src}news.js`, 'pacs-news');
    worker.port.onmessage = heard;
  } else {
    let source = null;
    const listen = () => {
      if (document.hidden) {
        source?.close();
        source = null;
      } else if (!source) {
        source = new EventSource(`${list.dataset.src}ereignisse`);
        source.addEventListener('studien', heard);
      }
    };
    document.addEventListener('visibilitychange', listen);
    listen();
  }
  document.addEventListener('visibilitychange', () => stale && refresh());

  prepare();
  count();
}
