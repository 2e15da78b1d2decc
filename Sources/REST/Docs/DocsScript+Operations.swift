extension DocsScript {
  /// Operations and their answers.
  static let operations = #"""
    const badge = (method) => el('span', { class: 'method ' + method }, method);

    function pathText(path) {
      return el('span', { class: 'path' }, path.split(/(\{[^}]*\})/).map((part) =>
        part[0] === '{' ? el('i', {}, part) : part));
    }

    function lock(entry) {
      const access = entry.operation['x-access'];
      if (authentication(entry) === 'open' || access === 'anyone') return null;
      const isRole = access && !['authenticated', 'rule', 'nobody'].includes(access);
      return el('span', { class: 'tag lock', title: isRole ? 'Needs one of these roles' : 'Needs a token' }, isRole ? access : 'token');
    }

    function operationView(entry, isOpen) {
      const body = el('div', { class: 'body' });
      const details = el('details', { class: 'op', id: 'o-' + entry.id, open: isOpen },
        el('summary', {}, badge(entry.method), pathText(entry.path),
          el('span', { class: 'summary' }, entry.operation.summary), lock(entry)),
        body);
      const build = () => { if (details.open && !body.firstChild) operationBody(entry, body); };
      details.addEventListener('toggle', build);
      build();
      return details;
    }

    function operationBody(entry, body) {
      const left = el('div', { class: 'told' }, prose(entry.operation.description));
      const groups = [['path', 'In the path'], ['query', 'In the query'], ['header', 'Headers']];
      for (const [where, title] of groups) {
        const some = entry.parameters.filter((parameter) => parameter.in === where);
        if (some.length) left.append(el('h3', {}, title), parametersTable(some));
      }
      const schema = bodySchema(entry);
      if (schema) {
        left.append(el('h3', {}, 'Body ', el('small', {}, bodyType(entry))), propertiesTable(schema));
      }
      left.append(el('h3', {}, 'Answers'), responses(entry), el('p', {}, el('a', { class: 'anchor', href: '#/o/' + entry.id }, 'Link to this operation')));
      body.append(left, attempt(entry));
    }

    const statusClass = (status) => 'status s' + String(status)[0];

    function responses(entry) {
      const list = el('div', { class: 'answers' });
      for (const [status, node] of Object.entries(entry.operation.responses || {})) {
        list.append(response(status, resolve(node)));
      }
      return list;
    }

    function response(status, node) {
      const inside = el('div', { class: 'inside' });
      const details = el('details', { class: 'answer' },
        el('summary', {}, el('span', { class: statusClass(status) }, status), ' ', answerTitle(node)), inside);
      details.addEventListener('toggle', () => {
        if (!details.open || inside.firstChild) return;
        for (const [type, media] of Object.entries(node.content || {})) inside.append(...mediaView(type, media));
        const headers = Object.entries(node.headers || {});
        if (headers.length) {
          inside.append(el('p', { class: 'muted' }, 'Headers'), el('ul', { class: 'plain' }, headers.map(([name, header]) =>
            el('li', {}, el('code', {}, name), ' ', resolve(header).description))));
        }
        if (!inside.firstChild) inside.append(el('p', { class: 'muted' }, 'No body.'));
      });
      return details;
    }

    /** Errors by their codes, everything else by its description. */
    function answerTitle(node) {
      const problem = (node.content || {})['application/problem+json'];
      const codes = Object.keys((problem && problem.examples) || {});
      return el('span', {}, codes.length ? codes.map((code) => [el('code', {}, code), ' ']) : words(node.description));
    }

    function mediaView(type, media) {
      const parts = [];
      const examples = Object.entries(media.examples || {}).map(([name, one]) => [name, resolve(one).value]);
      if (media.example !== undefined) examples.unshift(['', media.example]);
      if (type !== 'application/problem+json') {
        const name = referenceName(media.schema);
        if (name) parts.push(el('p', { class: 'muted' }, type, ' · ', name));
      }
      for (const [name, value] of examples) {
        const caption = name ? el('a', { href: '/problems/' + encodeURIComponent(name), target: '_blank', rel: 'noopener' }, name) : 'Example';
        parts.push(block(JSON.stringify(value), caption));
      }
      return parts;
    }

    """#
}
