"""A headless Chromium, driven through its DevTools protocol: pages, what they ask for and what they complain about."""

import base64
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

from websockets.sync.client import connect

from harness import Failed

START_SECONDS = 60
CALL_SECONDS = 30

# Kept for as long as a page lives: what its policy refused.
WATCH = "addEventListener('securitypolicyviolation', (event) => { (window.violations ||= []).push(event.violatedDirective + ' ' + event.blockedURI); });"


def program():
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    raise Failed("there is no Chromium: apt-get install chromium")


class Browser:
    """A context: the process and its profile are gone at the end."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-browser-"))
        self.process = None

    def __enter__(self):
        words = [
            program(), "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={self.folder}", "--no-first-run", "--disable-gpu",
            "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-default-apps", "--mute-audio", "about:blank",
        ]
        self.process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True
        )
        port = queue.Queue()
        threading.Thread(target=self.read, args=(self.process.stderr, port), daemon=True).start()
        try:
            self.port = port.get(timeout=START_SECONDS)
        except queue.Empty:
            self.port = None
        if self.port is None:
            self.__exit__()
            raise Failed("Chromium did not start")
        return self

    @staticmethod
    def read(stream, port):
        """The port, once Chromium says where it listens (None where it ends before), and then everything else it says."""
        for line in stream:
            if found := re.match(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line):
                port.put(int(found.group(1)))
        port.put(None)

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            # Its own process group: the helpers of the browser go with it.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def page(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
            return Page(json.load(answer)["webSocketDebuggerUrl"])


class Page:
    """One tab. `complaints` and `requests` grow while calls are made."""

    def __init__(self, url):
        self.socket = connect(url, max_size=64 << 20, open_timeout=CALL_SECONDS)
        self.number = 0
        self.requests = []
        self.complaints = []
        self.loaded = False
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def call(self, method, **parameters):
        self.number += 1
        number = self.number
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        deadline = time.monotonic() + CALL_SECONDS
        while True:
            message = json.loads(self.socket.recv(timeout=max(0.1, deadline - time.monotonic())))
            if message.get("id") == number:
                if "error" in message:
                    raise Failed(f"{method}: {message['error']}")
                return message["result"]
            self.heard(message)

    def heard(self, event):
        name, about = event.get("method"), event.get("params", {})
        if name == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif name == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.complaints.append("exception: " + details.get("exception", {}).get("description", details["text"]))
        elif name == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.complaints.append(f"console {about['type']}: {[one.get('value') for one in about['args']]}")
        elif name == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{about['entry']['source']}: {about['entry']['text']} {about['entry'].get('url', '')}")
        elif name == "Page.loadEventFired":
            self.loaded = True

    def open(self, url):
        self.loaded = False
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + CALL_SECONDS
        while not self.loaded:
            self.heard(json.loads(self.socket.recv(timeout=max(0.1, deadline - time.monotonic()))))

    def run(self, expression):
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failed(f"{expression[:120]}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def until(self, condition, words):
        """Waits in the page for an expression to become true."""
        look = f"new Promise((done) => {{ const look = () => ({condition}) ? done(true) : setTimeout(look, 20); look(); }})"
        late = f"new Promise((done) => setTimeout(() => done(false), {1000 * (CALL_SECONDS - 5)}))"
        if not self.run(f"Promise.race([{look}, {late}])"):
            stands = self.run("`${location.href}, focus on ${document.activeElement.tagName} ${document.activeElement.id}`")
            raise Failed(f"waited in vain until {words}; at {stands}; the page complained: {self.complaints}")

    def size(self, width, height=900, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def scheme(self, name):
        """`light` or `dark`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def press(self, key, code=None, text=None, modifiers=0):
        common = {"key": key, "code": code or key, "modifiers": modifiers}
        common["windowsVirtualKeyCode"] = {"Tab": 9, "Enter": 13, "Escape": 27}.get(key, ord(key[0].upper()))
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def names(self):
        """(role, name) of everything that assistive technology sees, in the document's order."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored") and "role" in node]

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))
