extension DocsScript {
  /// Elements, text, the description and what is found in it.
  static let core = #"""
    let api = null;
    const methods = ['get', 'post', 'patch', 'put', 'delete'];
    const operations = [];
    const byId = new Map();
    const $ = (id) => document.getElementById(id);

    /** An element: attributes, listeners under `on`, children that are elements or text. */
    function el(tag, attributes, ...children) {
      const node = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes || {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
        else if (name === 'value') node.value = value;
        else node.setAttribute(name, value === true ? '' : value);
      }
      append(node, children);
      return node;
    }

    function append(node, children) {
      for (const child of children.flat(Infinity)) {
        if (child === undefined || child === null || child === false) continue;
        node.append(child instanceof Node ? child : document.createTextNode(String(child)));
      }
      return node;
    }

    function fill(node, ...children) { node.replaceChildren(); return append(node, children); }

    /** One line of text where `backticks` are code. */
    function words(text) {
      return String(text || '').split('`').map((part, index) => index % 2 ? el('code', {}, part) : part);
    }

    /** Paragraphs. */
    function prose(text) {
      return String(text || '').split(/\n\s*\n/).filter(Boolean).map((part) => el('p', {}, words(part)));
    }

    function resolve(node) {
      for (let depth = 0; node && node.$ref && depth < 16; depth++) {
        node = node.$ref.slice(2).split('/').reduce((at, key) => at && at[key.replace(/~1/g, '/').replace(/~0/g, '~')], api);
      }
      return node || {};
    }

    const referenceName = (node) => node && node.$ref ? node.$ref.split('/').pop() : null;

    function index() {
      for (const [path, item] of Object.entries(api.paths)) {
        for (const method of methods) {
          const operation = item[method];
          if (!operation) continue;
          const entry = {
            method, path, operation, id: operation.operationId, tag: (operation.tags || ['other'])[0],
            parameters: [...(item.parameters || []), ...(operation.parameters || [])].map(resolve),
          };
          entry.haystack = [path, method, entry.id, operation.summary, operation.description, fieldNames(entry)].join(' ').toLowerCase();
          operations.push(entry);
          byId.set(entry.id, entry);
        }
      }
    }

    function fieldNames(entry) {
      const names = entry.parameters.map((parameter) => parameter.name);
      const body = bodySchema(entry);
      if (body) names.push(...Object.keys(resolve(body).properties || {}));
      return names.join(' ');
    }

    const ofTag = (tag) => operations.filter((entry) => entry.tag === tag);

    function bodySchema(entry) {
      const content = entry.operation.requestBody && resolve(entry.operation.requestBody).content;
      return content ? Object.values(content)[0].schema : null;
    }

    function bodyType(entry) {
      const content = entry.operation.requestBody && resolve(entry.operation.requestBody).content;
      return content ? Object.keys(content)[0] : null;
    }

    /** 'open', 'optional' or 'required'. */
    function authentication(entry) {
      const needs = entry.operation.security || api.security || [];
      if (!needs.length) return 'open';
      return needs.some((need) => !Object.keys(need).length) ? 'optional' : 'required';
    }

    async function copy(text, button) {
      let done = true;
      try { await navigator.clipboard.writeText(text); } catch {
        const area = el('textarea', { value: text, class: 'offscreen' });
        document.body.append(area);
        area.select();
        done = document.execCommand('copy');
        area.remove();
      }
      const before = button.textContent;
      button.textContent = done ? 'Copied' : 'Not possible';
      setTimeout(() => { button.textContent = before; }, 1200);
    }

    /** Something kept for this tab only; a browser may refuse. */
    const kept = {
      get(key) { try { return sessionStorage.getItem('martlet.' + key); } catch { return null; } },
      set(key, value) {
        try {
          if (value === null) sessionStorage.removeItem('martlet.' + key);
          else sessionStorage.setItem('martlet.' + key, value);
        } catch { /* it is only a convenience */ }
      },
    };

    """#
}
