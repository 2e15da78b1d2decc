"""Many callers read the same list at once: the database may be asked once for those who ask the same, and never for others."""

import threading

from harness import Failed, Server, check, equal, run

CONTRACT = """
martlet: 1
service: {name: alike, version: v1}
store: {url: "${DATABASE_URL}"}
resources:
  notes:
    fields:
      owner: {ref: users, default: caller.id, write: authenticated}
      title: {type: string, length: 1..40}
      kind:  {type: enum, values: [a, b], index: true}
    indexes: [[owner]]
    access: {create: authenticated, read: record.owner == caller.id, update: record.owner == caller.id}
  boards:
    fields:
      title: {type: string, length: 1..40}
      kind:  {type: enum, values: [a, b, c], index: true}
    access: {create: authenticated, read: authenticated, update: authenticated}
"""


def at_once(jobs):
    """Runs each job on a thread of its own; fails with the first that failed."""
    problems = []

    def guarded(job):
        try:
            job()
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        check(not thread.is_alive(), "a reader hangs")
    if problems:
        raise Failed(f"{len(problems)} of {len(jobs)} readers: {problems[0]!r}")


def test_everyone_sees_their_own(store):
    with Server(CONTRACT, store) as server:
        people = [f"person-{number}" for number in range(6)]
        for place, person in enumerate(people):
            client = server.client(server.token(person))
            for number in range(place):
                made = client.send("POST", "/v1/notes", {"title": f"{person} {number}", "kind": "a"})
                equal(made.status, 201, made)
            client.close()

        def reader(place):
            def read():
                client = server.client(server.token(people[place]))
                for _ in range(60):
                    answer = client.get("/v1/notes?kind=a&limit=20")
                    equal(answer.status, 200, answer)
                    titles = sorted(row["title"] for row in answer.json["data"])
                    equal(titles, [f"{people[place]} {number}" for number in range(place)], "another's rows")
                client.close()
            return read

        at_once([reader(number % len(people)) for number in range(24)])


def test_a_reader_sees_what_was_written_before_it_asked(store):
    """Writers read what they wrote while others keep asking for the same list."""
    with Server(CONTRACT, store) as server:
        token = server.token("someone")
        writers = 6
        done = []

        def asker(kind):
            def ask():
                client = server.client(token)
                while len(done) < writers:
                    answer = client.get(f"/v1/boards?kind={kind}&limit=100")
                    equal(answer.status, 200, answer)
                    check(all(row["kind"] == kind for row in answer.json["data"]), "rows of another filter")
                client.close()
            return ask

        def writer(number):
            def write():
                kind = "abc"[number % 3]
                client = server.client(token)
                try:
                    for turn in range(20):
                        made = client.send("POST", "/v1/boards", {"title": f"{number}-{turn}", "kind": kind})
                        equal(made.status, 201, made)
                        titles = {row["title"] for row in client.get(f"/v1/boards?kind={kind}&limit=100").json["data"]}
                        wanted = {f"{number}-{each}" for each in range(turn + 1)}
                        check(wanted <= titles, f"{wanted - titles} not in the list after it was made")
                finally:
                    done.append(number)
                    client.close()
            return write

        at_once([asker("abc"[number % 3]) for number in range(12)] + [writer(number) for number in range(writers)])
        if store == "postgres":
            metrics = server.client().get("/metrics").body.decode()
            shared = next(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith("martlet_shared_reads_total"))
            check(shared > 0, "nothing was shared: the test says nothing")


if __name__ == "__main__":
    run(globals())
