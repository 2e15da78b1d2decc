"""Processes, their CPU and memory, wrk, and turns: what every measurement needs."""

import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

root = pathlib.Path(__file__).resolve().parents[2]
ticks = os.sysconf("SC_CLK_TCK")


def say(words):
    print(words, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def descendants(pid):
    """The process and all beneath it."""
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                children = pathlib.Path(f"/proc/{one}/task/{task}/children").read_text().split()
                found += [int(child) for child in children if int(child) not in found]
        except OSError:
            pass
    return found


def cpu_seconds(pid):
    total = 0
    for one in descendants(pid):
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / ticks


def resident_mebibytes(pid):
    total = 0
    for one in descendants(pid):
        try:
            total += int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{one}/status").read_text())[1])
        except (OSError, TypeError):
            pass
    return total / 1024


class Process:
    """A server: started, waited for until it answers, stopped at the end of `with`."""

    def __init__(self, arguments, url, environment=None, folder=None):
        self.log = tempfile.TemporaryFile("w+")
        self.started = time.perf_counter()
        self.child = subprocess.Popen(
            arguments, stdout=self.log, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **(environment or {})}
        )
        self.url = url
        self.pid = self.child.pid
        self.start_seconds = self.wait()

    def wait(self, seconds=60):
        """Seconds from start to the first answer of any status."""
        while time.perf_counter() - self.started < seconds:
            if self.child.poll() is not None:
                break
            try:
                urllib.request.urlopen(self.url, timeout=5).read()
                return time.perf_counter() - self.started
            except urllib.error.HTTPError:
                return time.perf_counter() - self.started
            except OSError:
                time.sleep(0.001)
        self.log.seek(0)
        raise SystemExit(f"{self.child.args[0]} does not answer at {self.url}:\n{self.log.read()[-2000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(40)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()


class Load:
    """What a run of a load generator found. `served` is the rate of what was not refused."""

    def __init__(self, rate, p50=None, p99=None, errors=0, cpu=None, served=None):
        self.rate, self.p50, self.p99, self.errors, self.cpu = rate, p50, p99, errors, cpu
        self.served = rate if served is None else served


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def wrk(process, url, connections=32, seconds=5, script=None, headers=None):
    """wrk with one thread; the server's CPU is measured over the same time."""
    arguments = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "--timeout", "10s"]
    for name, value in (headers or {}).items():
        arguments += ["-H", f"{name}: {value}"]
    environment = dict(os.environ)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if script:
            file.write(script)
            file.flush()
            arguments += ["-s", file.name]
        before = cpu_seconds(process.pid)
        text = subprocess.run([*arguments, url], capture_output=True, text=True, check=True, env=environment).stdout
        used = cpu_seconds(process.pid) - before
    requests = int(re.search(r"(\d+) requests in", text)[1])
    if requests == 0:
        raise SystemExit(f"{url} gave no answer in {seconds} s:\n{text}")
    errors = sum(int(found) for found in re.findall(r"(?:connect|read|write|timeout) (\d+)", text))
    found = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    refused = int(found[1]) if found else 0
    errors += refused
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return Load(
        rate=rate,
        served=rate * (requests - refused) / requests,
        p50=milliseconds(re.search(r"^\s+50%\s+(\S+)", text, re.M)[1]),
        p99=milliseconds(re.search(r"^\s+99%\s+(\S+)", text, re.M)[1]),
        errors=errors,
        cpu=used / requests * 1e6 if requests else None,
    )


def in_turns(title, subjects, rounds=3):
    """Runs each subject (name to function) once a round and prints the medians; the first is what others are measured against.

    Returns the median rates.
    """
    found = {name: [] for name in subjects}
    for number in range(rounds):
        for name, function in subjects.items():
            load = function()
            found[name].append(load)
            say(f"  {title}, round {number + 1}, {name}: {load.rate:,.0f} a second")
    print(f"\n{title} (medians of {rounds} rounds in turns)\n")
    print("| | a second | p50 ms | p99 ms | server CPU µs a request | errors |\n|---|---|---|---|---|---|")
    rates = {}

    def median(loads, part):
        values = [getattr(load, part) for load in loads if getattr(load, part) is not None]
        return statistics.median(values) if values else None

    for name, loads in found.items():
        rates[name] = median(loads, "rate")
        cells = [f"{rates[name]:,.0f}"]
        for part, digits in (("p50", 2), ("p99", 2), ("cpu", 0)):
            value = median(loads, part)
            cells.append("" if value is None else f"{value:.{digits}f}")
        print(f"| {name} | " + " | ".join([*cells, str(sum(load.errors for load in loads))]) + " |")
    sys.stdout.flush()
    return rates


def goal(words, ratio, least):
    """Prints whether a goal is met; gives whether it is."""
    met = ratio >= least
    print(f"\n{words}: {ratio:.2f} (goal {least}): {'met' if met else 'NOT met'}", flush=True)
    return met
