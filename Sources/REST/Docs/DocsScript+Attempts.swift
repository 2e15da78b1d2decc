extension DocsScript {
  /// The forms that send requests, and what came back.
  static let attempts = #"""
    let token = kept.get('token') || '';
    /** Ids and ETags that were seen, by tag, so that the next form offers them. */
    const seen = { ids: new Map(), etags: new Map() };

    function remember(map, tag, value) {
      const list = map.get(tag) || [];
      if (!list.includes(value)) map.set(tag, [value, ...list].slice(0, 20));
    }

    /** 32 random hexadecimal digits. (A page that did not come over TLS has no randomUUID.) */
    function randomKey() {
      return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }

    function field(entry, parameter) {
      const schema = resolve(parameter.schema);
      const id = 'f-' + entry.id + '-' + parameter.name;
      const values = schema.enum ? schema.enum.filter((value) => value !== null) : schema.type === 'boolean' ? ['true', 'false'] : null;
      const base = { id, name: parameter.name, 'data-in': parameter.in, required: parameter.required || null };
      let input;
      if (values) {
        input = el('select', base, el('option', { value: '' }, '—'), values.map((value) => el('option', { value }, value)));
      } else {
        const list = parameter.in === 'path' || parameter.name === 'If-Match' ? id + '-list' : null;
        const placeholder = parameter.example !== undefined ? String(parameter.example) : '';
        input = el('input', { ...base, type: 'text', placeholder, list, autocomplete: 'off', spellcheck: 'false' });
      }
      const extras = [];
      if (parameter.name === 'Idempotency-Key') {
        const make = () => { input.value = '"' + randomKey() + '"'; input.dispatchEvent(new Event('input', { bubbles: true })); };
        extras.push(el('button', { type: 'button', class: 'mini', on: { click: make } }, 'New'));
      }
      if (input.getAttribute('list')) extras.push(el('datalist', { id: id + '-list' }));
      return el('div', { class: 'field' }, el('label', { for: id }, parameter.name, parameter.required ? el('b', {}, ' *') : null), input, extras);
    }

    function exampleBody(entry) {
      const content = resolve(entry.operation.requestBody).content;
      const media = Object.values(content)[0];
      const example = media.example !== undefined ? media.example : (resolve(media.schema).examples || [{}])[0];
      return JSON.stringify(example, null, 2);
    }

    function attempt(entry) {
      const form = el('form', { class: 'try', 'aria-label': 'Try ' + entry.operation.summary });
      const order = { path: 0, query: 1, header: 2 };
      const parameters = [...entry.parameters].sort((a, b) => order[a.in] - order[b.in]);
      const first = parameters.filter((parameter) => parameter.required || ['limit', 'sort', 'filter', 'Idempotency-Key'].includes(parameter.name));
      const rest = parameters.filter((parameter) => !first.includes(parameter));
      append(form, [el('h3', {}, 'Try it'), first.map((parameter) => field(entry, parameter))]);
      if (rest.length) {
        form.append(el('details', { class: 'more' }, el('summary', {}, rest.length + ' more'), rest.map((parameter) => field(entry, parameter))));
      }
      let area = null;
      if (entry.operation.requestBody) {
        const text = exampleBody(entry);
        area = el('textarea', {
          name: 'body', id: 'f-' + entry.id + '-body', spellcheck: 'false', rows: String(Math.min(16, text.split('\n').length + 1)), value: text,
          on: { keydown: (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); } } },
        });
        form.append(el('div', { class: 'field wide' }, el('label', { for: area.id }, 'Body'), area));
      }
      const send = el('button', { type: 'submit', class: 'send' }, 'Send');
      const curl = el('code', {});
      const copyButton = el('button', { type: 'button', class: 'copy', on: { click: () => copy(curl.textContent, copyButton) } }, 'Copy');
      const output = el('div', { class: 'output', 'aria-live': 'polite' });
      append(form, [el('div', { class: 'actions' }, send),
        el('div', { class: 'block curl' }, copyButton, el('pre', { tabindex: '0' }, curl)), output]);
      const refresh = () => { curl.textContent = curlLine(request(entry, form, area), false); suggest(entry, form); };
      form.addEventListener('input', refresh);
      form.addEventListener('focusin', refresh);
      document.addEventListener('token', refresh);
      form.addEventListener('submit', (event) => { event.preventDefault(); run(entry, form, area, output, send); });
      refresh();
      return form;
    }

    function suggest(entry, form) {
      for (const list of form.querySelectorAll('datalist')) {
        const values = (list.id.endsWith('If-Match-list') ? seen.etags : seen.ids).get(entry.tag) || [];
        fill(list, values.map((value) => el('option', { value })));
      }
    }

    function request(entry, form, area) {
      let path = entry.path;
      const query = new URLSearchParams();
      const headers = [];
      for (const input of form.querySelectorAll('[data-in]')) {
        const value = input.value.trim();
        if (input.dataset.in === 'path') path = path.replace('{' + input.name + '}', value ? encodeURIComponent(value) : '{' + input.name + '}');
        else if (!value) continue;
        else if (input.dataset.in === 'query') query.append(input.name, value);
        else headers.push([input.name, value]);
      }
      if (token) headers.push(['Authorization', 'Bearer ' + token]);
      if (area) headers.push(['Content-Type', bodyType(entry)]);
      const text = String(query);
      return { method: entry.method.toUpperCase(), url: path + (text ? '?' + text : ''), headers, body: area ? area.value : null };
    }

    const shell = (text) => "'" + text.replace(/'/g, "'\\''") + "'";

    /** The same request for a terminal. The token stands as a variable, so that copying does not spread it. */
    function curlLine(sent) {
      const parts = ['curl' + (sent.method === 'GET' ? '' : ' -X ' + sent.method) + ' ' + shell(location.origin + sent.url)];
      for (const [name, value] of sent.headers) {
        parts.push(name === 'Authorization' ? '-H "Authorization: Bearer $TOKEN"' : '-H ' + shell(name + ': ' + value));
      }
      if (sent.body !== null) parts.push('-d ' + shell(sent.body));
      return parts.join(' \\\n  ');
    }

    async function run(entry, form, area, output, send) {
      const sent = request(entry, form, area);
      send.disabled = true;
      send.textContent = 'Sending…';
      const started = performance.now();
      try {
        const answer = await fetch(sent.url, {
          method: sent.method, headers: sent.headers, body: sent.body, credentials: 'omit', cache: 'no-store', redirect: 'manual',
        });
        const text = await answer.text();
        show(entry, form, output, answer, text, performance.now() - started);
      } catch (error) {
        fill(output, el('p', { class: 'failed' }, 'No answer: ' + error.message));
      }
      send.disabled = false;
      send.textContent = 'Send';
    }

    function show(entry, form, output, answer, text, milliseconds) {
      const size = new Blob([text]).size;
      const line = el('p', { class: 'result' }, el('span', { class: statusClass(answer.status) }, answer.status), ' ', answer.statusText,
        el('span', { class: 'muted' }, ' ' + milliseconds.toFixed(0) + ' ms · ' + size + ' bytes'));
      const headers = [...answer.headers].map(([name, value]) => name + ': ' + value).join('\n');
      const parts = [line];
      let value = null;
      try { value = JSON.parse(text); } catch { /* not JSON */ }
      if (value && value.code && answer.status >= 400) {
        parts.push(el('p', {}, el('a', { href: '/problems/' + encodeURIComponent(value.code), target: '_blank', rel: 'noopener' }, 'What ' + value.code + ' means')));
      }
      if (text) parts.push(block(text));
      parts.push(el('details', {}, el('summary', {}, 'Headers'), el('pre', { tabindex: '0' }, headers)));
      const next = value && value.page && value.page.next;
      const after = form.querySelector('[name="after"]');
      if (next && after) {
        const go = () => { after.value = next; after.dispatchEvent(new Event('input', { bubbles: true })); form.requestSubmit(); };
        parts.push(el('button', { type: 'button', class: 'quiet', on: { click: go } }, 'Next page'));
      }
      for (const one of value && Array.isArray(value.data) ? value.data : [value]) {
        if (one && one.id !== undefined) remember(seen.ids, entry.tag, String(one.id));
      }
      const etag = answer.headers.get('etag');
      if (etag && entry.path.includes('{id}')) remember(seen.etags, entry.tag, etag);
      fill(output, parts);
    }

    """#
}
