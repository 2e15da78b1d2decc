"""open_loop.c, built and run on a core of its own."""

import json
import pathlib
import subprocess
import tempfile
import urllib.parse


class Run:
    """One run that is under way: a context, whose end waits for it. Then `phases` and `tenths` are what it found."""

    def __init__(self, arguments, phases, file):
        self.count, self.file = phases, file
        self.child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        output = self.child.communicate()[0]
        self.file.close()
        if self.child.returncode != 0:
            raise SystemExit(f"the load generator ended with {self.child.returncode}")
        lines = [json.loads(line) for line in output.splitlines()]
        self.phases, self.tenths = lines[: self.count], lines[self.count :]


class Generator:
    def __init__(self, core="1"):
        """`core`: the one that it runs on; None leaves that to the system."""
        self.pinning = ["taskset", "-c", core] if core else []
        self.folder = tempfile.TemporaryDirectory(prefix="martlet-open-loop-")
        self.command = f"{self.folder.name}/open_loop"
        source = pathlib.Path(__file__).with_name("open_loop.c")
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", self.command, source, "-lm"], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def start(self, address, request, connections, rates):
        """Sends one request again and again; `rates` is a list of (a second, seconds)."""
        server = urllib.parse.urlsplit(address)
        file = tempfile.NamedTemporaryFile()
        file.write(request)
        file.flush()
        plan = ",".join(f"{rate:.1f}:{seconds}" for rate, seconds in rates)
        arguments = [*self.pinning, self.command, server.hostname, str(server.port), file.name, str(connections), plan]
        return Run(arguments, len(rates), file)

    def run(self, *arguments):
        """The phases, and the tenths of a second."""
        with self.start(*arguments) as running:
            pass
        return *running.phases, running.tenths
