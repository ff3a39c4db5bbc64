/** All that scripts add: expand and collapse, copy a command, open what a link points at, open all but long evidence for print. */
export const SCRIPT = `'use strict';
for (const element of document.querySelectorAll('.js')) element.hidden = false;
const checks = () => document.querySelectorAll('main details:not(.inner)');
for (const button of document.querySelectorAll('[data-open]')) {
  button.addEventListener('click', () => { for (const one of checks()) one.open = button.dataset.open === 'all'; });
}
for (const button of document.querySelectorAll('.copy')) {
  button.addEventListener('click', async () => {
    const text = button.previousElementSibling.textContent;
    try { await navigator.clipboard.writeText(text); button.textContent = 'Copied'; }
    catch { getSelection().selectAllChildren(button.previousElementSibling); button.textContent = 'Selected'; }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
}
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) if (at.localName === 'details') at.open = true;
  if (target) target.scrollIntoView();
};
addEventListener('hashchange', reveal);
if (location.hash) reveal();
let opened = [];
addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('main details:not([open], .unprinted)')];
  for (const one of opened) one.open = true;
});
addEventListener('afterprint', () => { for (const one of opened) one.open = false; });
`;
