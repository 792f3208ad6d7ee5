import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { html, jsonForScript } from './markup.ts';

it('text is escaped, markup and lists of it are not, and nothing is nothing', () => {
  const item = (text: string) => html`<li title="${text}">${text}</li>`;
  assert.equal(
    html`<ul>${[item('a<b'), item(`"&'`)]}${false}${undefined}${0}</ul>`.text,
    '<ul><li title="a&lt;b">a&lt;b</li><li title="&quot;&amp;&#39;">&quot;&amp;&#39;</li>0</ul>',
  );
});

it('a backslash in text stays one', () => {
  assert.equal(html`<p>${'C:\\new'}</p>`.text, '<p>C:\\new</p>');
});

it('data cannot end its script, and comes back the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('</script>', '<!--', '<script>'), (value, evil) => {
      const { text } = jsonForScript([value, evil]);
      assert.ok(!text.includes('<'));
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify([value, evil])));
    }),
  );
});
