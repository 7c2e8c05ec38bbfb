// Which words of a text are not in another one, for showing what an edit changed.

const wordsOf = (text) => text.split(/\s+/).filter(Boolean);
const plain = (word) => word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");

// Returns [word, isChanged] of each word of `text`, by the longest common sequence with `other`.
export function changedWords(text, other) {
  const a = wordsOf(text);
  const b = wordsOf(other);
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i][j] = plain(a[i]) === plain(b[j]) ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  const marked = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 1) {
    while (j < b.length && plain(a[i]) !== plain(b[j]) && longest[i][j + 1] >= longest[i + 1][j]) j += 1;
    const isKept = j < b.length && plain(a[i]) === plain(b[j]);
    if (isKept) j += 1;
    marked.push([a[i], !isKept]);
  }
  return marked;
}

// Fills an element with a text, the words that `other` lacks marked.
export function showChanged(element, label, text, other) {
  const name = document.createElement("b");
  name.textContent = label;
  const parts = changedWords(text, other).flatMap(([word, isChanged]) => {
    if (!isChanged) return [" ", word];
    const mark = document.createElement("mark");
    mark.textContent = word;
    return [" ", mark];
  });
  element.replaceChildren(name, ...parts);
}
