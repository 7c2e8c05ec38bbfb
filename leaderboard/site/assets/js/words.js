// Which words of a text are not in another one, for showing what an edit changed.
"use strict";

(function (rarft) {
  // Longer texts are shown unmarked: the table of the comparison grows with their product.
  const MAX_WORDS = 400;

  const wordsOf = (text) => String(text).split(/\s+/).filter(Boolean);
  const plain = (word) => word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");

  function lengths(a, b) {
    const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i -= 1) {
      for (let j = b.length - 1; j >= 0; j -= 1) {
        longest[i][j] = a[i] === b[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    return longest;
  }

  // Returns [word, isChanged] of each word of `text`, by the longest common sequence with `other`.
  function changedWords(text, other) {
    const words = wordsOf(text);
    const against = wordsOf(other);
    if (words.length > MAX_WORDS || against.length > MAX_WORDS) return words.map((word) => [word, false]);
    const a = words.map(plain);
    const b = against.map(plain);
    const longest = lengths(a, b);
    let j = 0;
    return words.map((word, i) => {
      while (j < b.length && a[i] !== b[j] && longest[i][j + 1] >= longest[i + 1][j]) j += 1;
      const isKept = j < b.length && a[i] === b[j];
      if (isKept) j += 1;
      return [word, !isKept];
    });
  }

  rarft.words = { changedWords };
})((window.rarft = window.rarft || {}));
