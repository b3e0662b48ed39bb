// What every page can do beyond its links, its forms and the keys of keys.js. Pages work without it.

// browsers take Ctrl+F for themselves
document.addEventListener('keydown', e => {
  const search = document.getElementById('q');
  if (search && e.ctrlKey && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k') {
    e.preventDefault();
    search.focus();
    search.select();
  }
});
