// The print page: its button, and Esc leads back as everywhere.

document.getElementById('print').addEventListener('click', () => print());
document.addEventListener('keydown', e => {
  if (e.key === 'Escape') document.querySelector('.back').click();
});
