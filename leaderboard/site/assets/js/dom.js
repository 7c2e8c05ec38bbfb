// Elements made of text nodes and checked attributes; no markup is ever parsed.
"use strict";

(function (rarft) {
  const SVG = "http://www.w3.org/2000/svg";
  const ADDRESSES = ["href", "src", "xlink:href", "action", "formaction", "poster"];
  const SCHEME = /^\s*([a-z][a-z0-9+.-]*):/i;

  /**
   * Tell whether an address may be followed: one of this site, https or a blob of this page.
   * @param {string} address
   * @returns {boolean}
   */
  function isSafeAddress(address) {
    // Browsers drop control characters before they look for a scheme.
    const text = String(address).replace(/[\u0000-\u0020\u007f]/g, "");
    const scheme = SCHEME.exec(text);
    if (scheme) return ["https", "blob"].includes(scheme[1].toLowerCase());
    return !/^[\\/]{2}/.test(text);
  }

  function setAttribute(node, name, value) {
    if (value === null || value === undefined || value === false) return;
    if (/^(on|style$|srcdoc$)/i.test(name)) throw new Error(`attribute ${name} is not set from here`);
    if (ADDRESSES.includes(name.toLowerCase()) && !isSafeAddress(value)) return;
    node.setAttribute(name, value === true ? "" : String(value));
  }

  /**
   * Append children: nodes as they are, lists one by one, everything else as text; nothing for null and false.
   * @param {Element | DocumentFragment} node
   * @param {...any} children
   */
  function append(node, ...children) {
    for (const child of children) {
      if (child === null || child === undefined || child === false || child === "") continue;
      if (Array.isArray(child)) append(node, ...child);
      else node.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return node;
  }

  function filled(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) setAttribute(node, name, value);
    return append(node, ...children);
  }

  /**
   * Make an HTML element, such as make("a", { href: "index.html" }, "Board").
   * @param {string} name
   * @param {Object<string, any>} [attributes]  null and false leave one out, true sets an empty one
   * @param {...any} children
   * @returns {HTMLElement}
   */
  const make = (name, attributes, ...children) => filled(document.createElement(name), attributes, children);

  /**
   * Make an SVG element.
   * @param {string} name
   * @param {Object<string, any>} [attributes]
   * @param {...any} children
   * @returns {SVGElement}
   */
  const svg = (name, attributes, ...children) => filled(document.createElementNS(SVG, name), attributes, children);

  /** Put children in the place of all that a node holds. */
  function fill(node, ...children) {
    node.replaceChildren();
    return append(node, ...children);
  }

  /** Make a link out of the site, or plain text where its address is not https. */
  function outLink(address, ...children) {
    const isWeb = typeof address === "string" && /^https:\/\/[^\s]+$/i.test(address);
    if (!isWeb) return make("span", {}, ...children);
    return make("a", { href: address, rel: "noopener noreferrer nofollow ugc", class: "out" }, ...children);
  }

  const find = (id) => {
    const found = document.getElementById(id);
    if (!found) throw new Error(`the page has no element ${id}`);
    return found;
  };

  rarft.dom = { make, svg, fill, append, outLink, find, isSafeAddress };
})((window.rarft = window.rarft || {}));
