"""The documentation page in a real browser: what it asks for and complains about, its forms, its layout, and whether people can
use it without a mouse, on a telephone, in the dark."""

import json
import os
import urllib.parse

from browser import Browser
from harness import Server, check, equal, root, run

SHOP = (root / "examples" / "shop" / "martlet.yaml").read_text()
VIEWS = ("#/", "#/r/products", "#/o/products_create", "#/o/orders_list", "#/o/customers_update", "#/errors")
WIDTHS = ((1440, False), (1024, False), (768, True), (390, True), (320, True))
PICTURES = os.environ.get("MARTLET_PICTURES")


def shown(page, server, view):
    """Opens a view anew and waits until it stands."""
    page.open("about:blank")
    page.open(f"{server.url}/docs{view}")
    page.until("document.querySelector('main h1')", f"{view} is shown")


def unfolded(page):
    """Opens everything that can be opened, what appears meanwhile as well."""
    page.until(
        "(document.querySelectorAll('details:not([open])').forEach((one) => { one.open = true; }), "
        "[...document.querySelectorAll('.op')].every((one) => one.querySelector('.answers'))"
        " && [...document.querySelectorAll('.answer')].every((one) => one.querySelector('.inside').firstChild))", "everything is open")


def own(page, server, expected=()):
    """Nothing was asked of another host, refused by the policy, or complained about beside what is expected."""
    foreign = [url for url in page.requests if not url.startswith((server.url, "about:", "data:"))]
    equal(foreign, [], "requests to other hosts")
    equal(page.run("window.violations || []"), [], "what the policy refused")
    strange = [text for text in page.complaints if not any(word in text for word in expected)]
    equal(strange, [], "complaints in the console")


def test_every_view_stands_without_a_complaint():
    with Server(SHOP) as server, Browser() as browser, browser.page() as page:
        for view in VIEWS:
            shown(page, server, view)
            own(page, server)
        page.until("document.querySelectorAll('.fields tbody tr').length > 20", "the table of errors")
        shown(page, server, "#/o/nothing")
        equal(page.run("document.querySelector('main h1').textContent"), "Not here", "an unknown operation")
        for path in ("/problems", "/problems/validation"):
            page.open(server.url + path)
            own(page, server)
            check(page.run("document.querySelector('h1').textContent"), f"{path} has no heading")


def filled(page, selector, text):
    """Types into a field as a person would: focus, replace, input events."""
    page.run(f"(() => {{ const at = document.querySelector({json.dumps(selector)}); at.focus(); at.select && at.select(); }})()")
    page.type(text)


def sent(page, operation):
    """Presses Send and waits for the answer: its status and its body."""
    at = f"document.querySelector('#o-{operation} .try')"
    page.run(f"{at}.querySelector('.output').replaceChildren()")
    page.run(f"{at}.querySelector('.send').click()")
    page.until(f"{at}.querySelector('.output .result')", f"{operation} is answered")
    status = int(page.run(f"{at}.querySelector('.output .status').textContent"))
    return status, page.run(f"({at}.querySelector('.output .block pre') || {{}}).textContent")


def test_a_read_and_a_write_from_the_page():
    with Server(SHOP) as server, Browser() as browser, browser.page() as page:
        token = server.token("ada", "admin")
        shown(page, server, "#/o/products_create")
        status, text = sent(page, "products_create")
        equal((status, json.loads(text)["code"]), (401, "unauthenticated"), "without a token")
        check(page.run("document.querySelector('.output a[href=\"/problems/unauthenticated\"]').textContent"), "no link to the error's page")
        # The token, through its dialog, by keyboard alone.
        page.run("document.getElementById('auth').focus()")
        page.press("Enter", text="\r")
        page.until("document.querySelector('dialog[open] #token')", "the dialog is open")
        page.run("document.getElementById('token').focus()")
        page.type(token)
        page.until("/Subject ada/.test(document.querySelector('dialog').textContent)", "the token is described")
        page.run("document.querySelector('dialog .send').focus()")
        page.press("Enter", text="\r")
        page.until("!document.querySelector('dialog')", "the dialog is closed")
        equal(page.run("document.activeElement.id"), "auth", "where the focus returns to")
        # A write: the example as it stands, with a key of the page's making.
        page.run("document.querySelector('#o-products_create .mini').click()")
        curl = page.run("document.querySelector('#o-products_create .curl code').textContent")
        check("$TOKEN" in curl and token not in curl and "Idempotency-Key" in curl, f"the line for a terminal: {curl}")
        status, text = sent(page, "products_create")
        equal(status, 201, f"the write: {text}")
        made = json.loads(text)
        status, text = sent(page, "products_create")
        equal((status, json.loads(text)["id"]), (201, made["id"]), "the same key again")
        # A read.
        shown(page, server, "#/o/products_list")
        filled(page, "#f-products_list-limit", "1")
        status, text = sent(page, "products_list")
        equal((status, [one["id"] for one in json.loads(text)["data"]]), (200, [made["id"]]), "the list")
        filled(page, "#f-products_list-limit", "1000")
        status, text = sent(page, "products_list")
        equal((status, json.loads(text)["code"]), (400, "bad_parameter"), "a limit that is too high")
        # Someone else's text stays text.
        hostile = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>"
        answer = server.client(token).send("PATCH", f"/v1/products/{made['id']}", {"name": hostile})
        equal(answer.status, 200, f"{answer}")
        filled(page, "#f-products_list-limit", "1")
        status, text = sent(page, "products_list")
        check(hostile.replace('"', '\\"') in text, f"the hostile name: {text}")
        equal(page.run("window.hit === undefined && !document.querySelector('main img')"), True, "markup came to life")
        own(page, server, expected=("status of 401", "status of 400"))
        equal(page.run("Object.keys(localStorage).length + Object.keys(sessionStorage).length"), 0, "what the page keeps")


def test_search_and_navigation_by_keyboard():
    with Server(SHOP) as server, Browser() as browser, browser.page() as page:
        page.size(1200)
        shown(page, server, "#/")
        page.press("Tab")
        equal(page.run("document.activeElement.className"), "skip", "what the first tab reaches")
        page.press("Enter", text="\r")
        page.until("document.activeElement.id === 'content'", "the focus is past the navigation")
        equal(page.run("location.hash"), "#/", "the view's address is kept: a change of it moves the focus again, later")
        page.press("/", "Slash", text="/")
        page.until("document.activeElement.id === 'search'", "a slash leads to the search")
        page.type("quantity create")
        page.until("document.querySelectorAll('nav li').length === 1", "one operation is found")
        page.press("Enter", text="\r")
        page.until("location.hash === '#/o/order_items_create' && document.querySelector('#o-order_items_create[open]')", "it is open")
        page.run("document.activeElement.blur()")
        page.size(390, mobile=True)
        page.run("document.getElementById('menu').focus()")
        page.press("Enter", text="\r")
        page.until("document.getElementById('menu').getAttribute('aria-expanded') === 'true' && document.querySelector('nav').offsetParent !== undefined"
                   " && getComputedStyle(document.querySelector('nav')).display === 'block'", "the menu is open")
        page.press("Escape")
        page.until("document.getElementById('menu').getAttribute('aria-expanded') === 'false'", "Escape closes it")
        shown(page, server, "#content")
        equal(page.run("!!document.querySelector('main .cards')"), True, "an address that is no view shows the overview")
        own(page, server)


OVERFLOW = """(() => {
  const wide = document.documentElement.clientWidth;
  const inside = (node) => { for (; node && node !== document.body; node = node.parentElement)
    if (/auto|scroll|hidden/.test(getComputedStyle(node).overflowX)) return true; return false; };
  const out = [];
  if (document.documentElement.scrollWidth > wide) out.push('the page is ' + document.documentElement.scrollWidth + ' wide');
  for (const node of document.querySelectorAll('body *')) {
    const box = node.getBoundingClientRect();
    if (box.width && box.right > wide + 1 && box.left >= 0 && !inside(node.parentElement) && getComputedStyle(node).position !== 'fixed')
      out.push(node.tagName + '.' + node.className + ' ends at ' + Math.round(box.right));
  }
  return out;
})()"""


def test_no_view_overflows_on_any_screen_in_either_colour():
    with Server(SHOP) as server, Browser() as browser, browser.page() as page:
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            for width, mobile in WIDTHS:
                page.size(width, 900, mobile)
                for view in VIEWS:
                    shown(page, server, view)
                    unfolded(page)
                    equal(page.run(OVERFLOW), [], f"what overflows in {view} at {width}")
                    if PICTURES:
                        page.picture(f"{PICTURES}/{scheme}-{width}-{urllib.parse.quote(view, safe='')}.png")
        own(page, server)


# WCAG 2.2: 1.4.3 for texts and placeholders; what is disabled or hidden is left out.
CONTRAST = """(() => {
  const parse = (text) => { const part = text.match(/[\\d.]+/g).map(Number); return part.length < 4 ? [...part, 1] : part; };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3])).concat(1);
  const ground = (node) => {
    const layers = [];
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour[3]) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = (colour) => colour.slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (a, b) => { const [high, low] = [light(a), light(b)].sort((x, y) => y - x); return (high + 0.05) / (low + 0.05); };
  const out = new Set();
  const judge = (node, style, opacity, words) => {
    const below = ground(node);
    const ink = parse(style.color);
    const found = ratio(over([ink[0], ink[1], ink[2], ink[3] * opacity], below), below);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (found < needed) out.add(`${node.tagName}.${node.className} ${found.toFixed(2)}: ${words.trim().slice(0, 30)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.textContent.trim() || !node.checkVisibility() || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(node.tagName)) continue;
    let opacity = 1;
    for (let at = node; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
    judge(node, getComputedStyle(node), opacity, text.textContent);
  }
  for (const node of document.querySelectorAll('[placeholder]')) {
    const style = getComputedStyle(node, '::placeholder');
    if (node.checkVisibility()) judge(node, style, Number(style.opacity), node.placeholder);
  }
  return [...out];
})()"""

HEADINGS = "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))"
TWINS = """(() => { const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at); })()"""
NAMED = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "form", "navigation", "dialog", "Iframe", "image", "slider", "spinbutton"}


def test_what_accessibility_asks_for_and_can_be_computed():
    with Server(SHOP) as server, Browser() as browser, browser.page() as page:
        page.size(1200)
        for scheme in ("light", "dark"):
            page.scheme(scheme)
            for view in VIEWS:
                shown(page, server, view)
                page.until("!document.querySelector('.facts') || document.querySelector('.dot')", "health has answered")
                unfolded(page)
                equal(page.run(CONTRAST), [], f"texts that are too faint in {view}, {scheme}")
                levels = page.run(HEADINGS)
                equal((levels[0], levels.count(1)), (1, 1), f"headings of {view}")
                jumps = [(a, b) for a, b in zip(levels, levels[1:]) if b > a + 1]
                equal(jumps, [], f"levels of headings that are left out in {view}")
                equal(page.run(TWINS), [], f"ids that stand twice in {view}")
                nameless = [role for role, name in page.names() if role in NAMED and not name.strip()]
                equal(nameless, [], f"what has no name in {view}")
        equal(page.run("document.documentElement.lang"), "en", "the language")
        for role in ("banner", "navigation", "main"):
            check(any(found == role for found, _ in page.names()), f"there is no {role}")
        # Everything that can be reached shows that it is reached.
        shown(page, server, "#/o/products_create")
        for step in range(40):
            page.press("Tab")
            seen = page.run(
                "(() => { const at = document.activeElement; const style = getComputedStyle(at); return at === document.body || "
                "(style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) ? '' : at.outerHTML.slice(0, 120); })()")
            equal(seen, "", f"what shows no focus after {step + 1} tabs")


def test_the_theme_button_turns_the_colours_and_keeps_them_for_the_tab():
    with Server(SHOP) as server, Browser() as browser, browser.page() as page:
        page.scheme("light")
        shown(page, server, "#/")
        before = page.run("getComputedStyle(document.body).backgroundColor")
        page.run("document.getElementById('theme').click()")
        after = page.run("getComputedStyle(document.body).backgroundColor")
        check(before != after, "the colours stayed")
        shown(page, server, "#/errors")
        equal(page.run("getComputedStyle(document.body).backgroundColor"), after, "the colours after another load")


if __name__ == "__main__":
    run(globals())
