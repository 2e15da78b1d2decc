extension DocsScript {
  /// Schemas as tables, JSON as coloured text.
  static let schemas = #"""
    const far = 2 ** 53;

    function typesOf(schema) {
      const types = schema.type === undefined ? [] : [].concat(schema.type);
      return types.filter((type) => type !== 'null');
    }

    function isNullable(schema) {
      return [].concat(schema.type || []).includes('null') || (schema.anyOf || []).some((one) => one.type === 'null');
    }

    /** What kind of value, in a few words. */
    function kind(schema) {
      const name = referenceName(schema);
      if (name) return name;
      const alternatives = (schema.anyOf || schema.oneOf || []).filter((one) => one.type !== 'null');
      if (alternatives.length) return alternatives.map(kind).join(' or ');
      if (schema.type === 'array') return 'list of ' + kind(schema.items || {});
      if (schema.enum) return 'one of';
      if (schema.properties) return 'object: ' + Object.keys(schema.properties).join(', ');
      const format = schema.format && !['int64', 'double', 'password'].includes(schema.format) ? schema.format : null;
      return format || typesOf(schema).join(' or ') || 'any value';
    }

    const near = (value) => typeof value === 'number' && Math.abs(value) < far;

    function range(low, high, unit) {
      const word = unit ? ' ' + unit : '';
      if (low !== undefined && high !== undefined) return low === high ? low + word : low + ' to ' + high + word;
      if (low !== undefined) return 'at least ' + low + word;
      return high === undefined ? null : 'at most ' + high + word;
    }

    /** Bounds as short texts. */
    function bounds(schema) {
      return [
        range(schema.minLength > 1 || schema.maxLength ? schema.minLength : undefined, schema.maxLength, 'characters'),
        range(near(schema.minimum) ? schema.minimum : undefined, near(schema.maximum) ? schema.maximum : undefined),
        range(schema['x-minimum'], schema['x-maximum']), range(schema.minItems || undefined, schema.maxItems, 'items'),
        schema.default !== undefined ? 'default ' + JSON.stringify(schema.default) : null,
      ].filter(Boolean);
    }

    function typeCell(schema) {
      const parts = [el('span', { class: 'type' }, kind(schema))];
      const target = schema.type === 'array' ? resolve(schema.items) : schema;
      const values = (target.enum || []).filter((value) => value !== null);
      for (const value of values) parts.push(' ', el('code', {}, value));
      if (isNullable(schema)) parts.push(' ', el('span', { class: 'tag' }, 'or null'));
      for (const bound of bounds(schema)) parts.push(el('small', {}, bound));
      const pattern = schema.pattern && schema.pattern.replace(/^\^\(\?:(.*)\)\$$/, '$1');
      if (pattern && pattern.length <= 40) parts.push(el('small', {}, 'matches ', el('code', {}, pattern)));
      return parts;
    }

    function row(name, schema, flags, description) {
      return [[el('code', {}, name), flags.map((flag) => el('span', { class: 'tag ' + flag }, flag))], typeCell(schema), words(description || '')];
    }

    /** Rows of cells, the first of each its head. On a narrow screen they are stacked, and stay a table by their roles. */
    function table(rows, titles = ['Name', 'Type', 'Meaning']) {
      const line = (cells) => el('tr', { role: 'row' }, cells.map((cell, place) => place
        ? el('td', { role: 'cell' }, cell) : el('th', { scope: 'row', role: 'rowheader' }, cell)));
      return el('table', { class: 'fields', role: 'table' },
        el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, titles.map((title) => el('th', { scope: 'col', role: 'columnheader' }, title)))),
        el('tbody', { role: 'rowgroup' }, rows.map(line)));
    }

    function propertiesTable(schema) {
      const target = resolve(schema);
      const required = new Set(target.required || []);
      const rows = Object.entries(target.properties || {}).map(([name, property]) => {
        const flags = [];
        if (required.has(name)) flags.push('required');
        if (property.readOnly) flags.push('read-only');
        if (property.deprecated) flags.push('deprecated');
        return row(name, property, flags, property.description || resolve(property).description);
      });
      return rows.length ? table(rows) : el('p', { class: 'muted' }, 'No members.');
    }

    function parametersTable(parameters) {
      return table(parameters.map((parameter) => {
        const flags = parameter.required ? ['required'] : [];
        if (parameter.in === 'header') flags.push('header');
        return row(parameter.name, resolve(parameter.schema), flags, parameter.description);
      }));
    }

    const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}\[\],:]/g;

    /** JSON text, laid out and coloured without reading its numbers, so that 64-bit integers stay what they are. */
    function json(text) {
      const out = el('code', { class: 'json' });
      const list = text.match(tokens) || [];
      let level = 0;
      const line = () => '\n' + '  '.repeat(level);
      list.forEach((token, place) => {
        const next = list[place + 1];
        if (token === '{' || token === '[') {
          const empty = next === '}' || next === ']';
          if (!empty) level++;
          out.append(token + (empty ? '' : line()));
        } else if (token === '}' || token === ']') {
          const before = list[place - 1];
          if (before === '{' || before === '[') { out.append(token); return; }
          level = Math.max(0, level - 1);
          out.append(line() + token);
        } else if (token === ',') {
          out.append(',' + line());
        } else if (token === ':') {
          out.append(': ');
        } else {
          const style = token[0] === '"' ? (next === ':' ? 'key' : 'string') : /[tfn]/.test(token[0]) ? 'word' : 'number';
          out.append(el('span', { class: style }, token));
        }
      });
      return out;
    }

    function block(text, label) {
      const button = el('button', { class: 'copy', type: 'button', on: { click: () => copy(text, button) } }, 'Copy');
      const isJSON = /^\s*[\[{]/.test(text);
      return el('div', { class: 'block' }, label ? el('div', { class: 'caption' }, label) : null, button,
        el('pre', { tabindex: '0' }, isJSON ? json(text) : el('code', {}, text)));
    }

    """#
}
