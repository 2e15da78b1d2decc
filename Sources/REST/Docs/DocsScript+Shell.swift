extension DocsScript {
  /// The frame: navigation, search, views by the address, the token, light and dark.
  static let shell = #"""
    const tagInfo = (name) => (api.tags || []).find((tag) => tag.name === name) || { name };
    const tagNames = () => [...new Set(operations.map((entry) => entry.tag))];
    const href = (tag) => '#/r/' + encodeURIComponent(tag);

    function navigation(filter) {
      const needle = (filter || '').trim().toLowerCase();
      const parts = [el('a', { href: '#/', class: 'item' }, 'Overview'), el('a', { href: '#/errors', class: 'item' }, 'Errors')];
      let hits = 0;
      for (const tag of tagNames()) {
        const wanted = ofTag(tag).filter((entry) => !needle || needle.split(/\s+/).every((word) => entry.haystack.includes(word)));
        if (!wanted.length) continue;
        hits += wanted.length;
        const isHere = current.tag === tag || needle;
        parts.push(el('div', { class: 'group' }, el('a', { href: href(tag), class: 'tagname', 'aria-current': current.tag === tag ? 'true' : null }, tag),
          isHere ? el('ul', {}, wanted.map((entry) => el('li', {}, el('a', { href: '#/o/' + entry.id, title: entry.path }, badge(entry.method),
            el('span', {}, shortName(entry)))))) : null));
      }
      if (needle && !hits) parts.push(el('p', { class: 'muted' }, 'Nothing found.'));
      fill($('nav'), parts);
      return hits;
    }

    function shortName(entry) {
      const prefix = entry.tag + '_';
      return (entry.id.startsWith(prefix) ? entry.id.slice(prefix.length) : entry.id).replace(/_/g, ' ');
    }

    const current = { tag: null };

    function overview() {
      current.tag = null;
      const cards = tagNames().filter((tag) => tag !== 'service').map((tag) => el('a', { class: 'card', href: href(tag) },
        el('b', {}, tag), el('span', {}, words(tagInfo(tag).description || '')),
        el('span', { class: 'dots' }, ofTag(tag).map((entry) => badge(entry.method)))));
      const health = el('span', { class: 'muted' }, 'asking…');
      fetch('/health', { credentials: 'omit' }).then((answer) => answer.json()).then((state) => {
        fill(health, el('span', { class: 'dot ' + state.status }), ' ', state.status);
      }).catch(() => fill(health, 'no answer'));
      const base = location.origin;
      const start = operations.find((entry) => entry.method === 'get' && authentication(entry) !== 'required' && !entry.path.includes('{')) || operations[0];
      return [
        el('h1', {}, api.info.title, ' ', el('small', {}, api.info.version)), prose(api.info.description),
        el('dl', { class: 'facts' }, el('dt', {}, 'Address'), el('dd', {}, el('code', {}, base)),
          el('dt', {}, 'Health'), el('dd', {}, health),
          el('dt', {}, 'Description'), el('dd', {}, el('a', { href: source }, 'OpenAPI as JSON'), ' · ', el('a', { href: source.replace(/json$/, 'yaml') }, 'as YAML'))),
        el('h2', {}, 'Resources'), el('div', { class: 'cards' }, cards),
        start ? [el('h2', {}, 'A first request'), block(curlLine({ method: 'GET', url: start.path, headers: [], body: null }))] : null,
      ];
    }

    function resource(tag, openId) {
      current.tag = tag;
      const entries = ofTag(tag);
      if (!entries.length) return missing();
      const record = recordSchema(entries);
      return [
        el('h1', {}, tag), prose(tagInfo(tag).description),
        record ? el('details', { class: 'record', open: !openId }, el('summary', {}, 'The record'), propertiesTable(record)) : null,
        el('h2', {}, 'Operations'), entries.map((entry) => operationView(entry, entry.id === openId)),
      ];
    }

    /** The schema that reading or creating one answers with. */
    function recordSchema(entries) {
      for (const entry of entries) {
        for (const status of ['200', '201']) {
          const node = entry.operation.responses[status];
          const media = node && (resolve(node).content || {})['application/json'];
          const target = media && resolve(media.schema);
          if (target && target.properties && target.properties.id) return target;
        }
      }
      return null;
    }

    function errors() {
      current.tag = null;
      const rows = Object.entries(api.components.examples || {})
        .map(([code, example]) => ({ code, status: example.value.status, title: example.summary, detail: example.value.detail }))
        .sort((a, b) => a.status - b.status)
        .map((one) => [[el('span', { class: statusClass(one.status) }, one.status), ' ',
          el('a', { href: '/problems/' + encodeURIComponent(one.code) }, el('code', {}, one.code))], one.title, el('span', { class: 'muted' }, one.detail)]);
      return [el('h1', {}, 'Errors'),
        el('p', {}, 'Every error is a problem document (RFC 9457). Decide by its ', el('code', {}, 'code'), ': codes are stable, texts are for people.'),
        table(rows, ['Code', 'Meaning', 'For example'])];
    }

    const missing = () => [el('h1', {}, 'Not here'), el('p', {}, el('a', { href: '#/' }, 'To the overview'))];

    function route() {
      const [, view, raw] = (location.hash.startsWith('#/') ? location.hash : '#/').split('/');
      const name = decodeURIComponent(raw || '');
      const entry = view === 'o' ? byId.get(name) : null;
      const parts = !view ? overview() : view === 'errors' ? errors() : view === 'r' ? resource(name) : entry ? resource(entry.tag, name) : missing();
      fill($('content'), parts);
      document.title = (current.tag ? current.tag + ' · ' : '') + api.info.title + ' API';
      navigation($('search').value);
      menu(false);
      const target = entry && $('o-' + name);
      if (target) target.scrollIntoView({ block: 'start' }); else window.scrollTo(0, 0);
    }

    function menu(open) {
      document.body.classList.toggle('menu', open);
      $('menu').setAttribute('aria-expanded', String(open));
    }

    function claims(text) {
      try {
        const part = text.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
        return JSON.parse(decodeURIComponent(escape(atob(part))));
      } catch { return null; }
    }

    function describeToken(text) {
      if (!text) return 'Requests are sent without a token.';
      const inside = claims(text);
      if (!inside) return 'This does not look like a JWT; it is sent as it is.';
      const left = inside.exp ? Math.round((inside.exp * 1000 - Date.now()) / 60000) : null;
      return 'Subject ' + (inside.sub || '?') + (left === null ? '' : left < 0 ? ', expired' : ', valid for ' + left + ' minutes') + '.';
    }

    function tokenDialog() {
      const input = el('textarea', { id: 'token', rows: '4', spellcheck: 'false', autocomplete: 'off', placeholder: 'eyJ…', value: token });
      const note = el('p', { class: 'muted', 'aria-live': 'polite' }, describeToken(token));
      const keep = el('input', { type: 'checkbox', id: 'keep', checked: kept.get('token') ? true : null });
      const clean = () => input.value.trim().replace(/^Bearer\s+/i, '');
      input.addEventListener('input', () => fill(note, describeToken(clean())));
      const use = (value) => { setToken(value, keep.checked); dialog.close(); };
      const dialog = el('dialog', { 'aria-labelledby': 'token-title', on: { close: () => dialog.remove() } },
        el('form', { method: 'dialog', on: { submit: (event) => { event.preventDefault(); use(clean()); } } },
          el('h2', { id: 'token-title' }, 'Bearer token'),
          el('p', {}, 'It is sent with every request from this page. For development: ', el('code', {}, 'martlet token --as ID --role ROLE')),
          el('label', { for: 'token' }, 'Token'), input, note,
          el('label', { class: 'check' }, keep, ' Keep it until this tab is closed'),
          el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'send' }, 'Use'),
            el('button', { type: 'button', class: 'quiet', on: { click: () => use('') } }, 'Forget'),
            el('button', { type: 'button', class: 'quiet', on: { click: () => dialog.close() } }, 'Cancel'))));
      document.body.append(dialog);
      dialog.showModal();
    }

    function setToken(value, keep) {
      token = value;
      kept.set('token', keep && value ? value : null);
      $('auth').classList.toggle('on', Boolean(value));
      fill($('auth'), value ? 'Token ✓' : 'Token');
      document.dispatchEvent(new Event('token'));
    }

    function theme(next) {
      if (next) { document.documentElement.dataset.theme = next; kept.set('theme', next); }
    }

    const source = document.documentElement.dataset.openapi;
    theme(kept.get('theme'));
    $('theme').addEventListener('click', () => {
      const isDark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
      theme(isDark ? 'light' : 'dark');
    });
    // By hand, so that the address keeps the view and no later event of it moves the focus again.
    document.querySelector('.skip').addEventListener('click', (event) => { event.preventDefault(); $('content').focus(); });
    $('menu').addEventListener('click', () => menu(!document.body.classList.contains('menu')));
    $('auth').addEventListener('click', tokenDialog);
    document.addEventListener('keydown', (event) => {
      const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) { event.preventDefault(); $('search').focus(); }
      if (event.key === 'Escape') menu(false);
    });
    fetch(source).then((answer) => {
      if (!answer.ok) throw new Error('status ' + answer.status);
      return answer.json();
    }).then((read) => {
      api = read;
      index();
      setToken(token, Boolean(kept.get('token')));
      $('search').addEventListener('input', () => { navigation($('search').value); if (matchMedia('(max-width: 900px)').matches) menu(true); });
      $('search').addEventListener('keydown', (event) => {
        const first = $('nav').querySelector('.group li a');
        if (event.key === 'Enter' && first && $('search').value) location.hash = first.getAttribute('href');
        if (event.key === 'Escape') { $('search').value = ''; navigation(''); $('search').blur(); }
      });
      addEventListener('hashchange', route);
      route();
    }).catch((error) => {
      fill($('content'), el('h1', {}, 'The description could not be read'), el('p', {}, error.message));
    });

    """#
}
