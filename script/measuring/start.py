import statistics
import sys

from engine import Engine, build, read_script
from machine import resident_mebibytes, wrk

engine = Engine(build())
try:
    engine.fill()
    times = []
    for _ in range(10):
        with engine.serve() as process:
            times.append(process.start_seconds * 1000)
    print(f"start to first answer, 100,000 rows, median of 10: {statistics.median(times):.0f} ms (goal 150)")
    with engine.serve() as process:
        start = resident_mebibytes(process.pid)
        print(f"memory after start: {start:.1f} MiB (goal 40)")
        script = read_script(engine.token())
        done = 0
        early = None
        while done < 1_000_000:
            load = wrk(process, process.address, seconds=5, script=script)
            done += int(load.rate * 5)
            if early is None and done >= 100_000:
                early = resident_mebibytes(process.pid)
                print(f"memory after {done:,} requests: {early:.1f} MiB", flush=True)
        late = resident_mebibytes(process.pid)
        print(f"memory after {done:,} requests: {late:.1f} MiB (goal 80, and flat)")
finally:
    engine.remove()
sys.exit(not (statistics.median(times) < 150 and start < 40 and late < 80 and late < early * 1.1 + 1))
