import sys
import tempfile

import peers
from engine import Engine, build
from machine import goal, in_turns, wrk

engine = Engine(build(), threads=1)
try:
    with tempfile.TemporaryDirectory() as folder, peers.nginx(folder) as nginx, engine.serve() as martlet:
        rates = in_turns("GET /health/live, 32 connections", {
            "nginx, one worker": lambda: wrk(nginx, nginx.url),
            "martlet, one loop": lambda: wrk(martlet, martlet.url),
        })
finally:
    engine.remove()
sys.exit(not goal("of nginx", rates["martlet, one loop"] / rates["nginx, one worker"], 0.8))
