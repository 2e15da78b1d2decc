"""The anomalies of the literature, tried through the interface by clients at once (docs/isolation.md)."""

import threading

from harness import Failed, Server, check, equal, run

CONTRACT = """
martlet: 1
service: {name: anomalies, version: v1}
store: {url: "${DATABASE_URL}", pool: 20}
resources:
  accounts:
    fields:
      name:    {type: string, unique: true}
      kind:    {type: string, index: true}
      balance: {type: integer, required: true, minimum: 0}
      other:   {type: integer, default: 0}
    access: {create: anyone, read: anyone, update: anyone}
  teams:
    fields:
      name:    {type: string}
      doctors: {many: doctors, by: team}
    access: {create: anyone, read: anyone}
  doctors:
    fields:
      team: {ref: teams, required: true}
      duty: {type: enum, values: [present, away], default: present}
    access: {create: anyone, read: anyone}
    states:
      field: duty
      transitions:
        leave:  {from: present, to: away, access: 'record.team.doctors.exists(d, d.duty == "present" && d.id != record.id)'}
        return: {from: away, to: present, access: anyone}
  orders:
    fields:
      number: {type: integer, required: true, index: true}
      lines:  {many: lines, by: order}
    access: {create: anyone, read: anyone, update: anyone}
  lines:
    fields:
      order:  {ref: orders, required: true}
      number: {type: integer, required: true}
      parts:  {many: parts, by: line}
    access: {create: anyone, read: anyone, update: anyone}
  parts:
    fields:
      line:   {ref: lines, required: true}
      number: {type: integer, required: true}
    access: {create: anyone, read: anyone, update: anyone}
  rooms:
    fields:
      name:     {type: string}
      bookings: {many: bookings, by: room}
      seats:    {many: seats, by: room}
    access: {create: anyone, read: anyone}
  bookings:
    fields:
      room:  {ref: rooms, required: true}
      start: {type: integer, required: true}
      end:   {type: integer, required: true}
    constraints:
      free: "!input.room.bookings.exists(b, b.id != input.id && b.start < input.end && input.start < b.end)"
    access: {create: anyone, read: anyone, update: anyone, delete: anyone}
  seats:
    fields:
      room: {ref: rooms, required: true}
    access: {create: "size(record.room.seats) < 3", read: anyone, delete: "size(record.room.seats) > 1"}
"""

CLIENTS = 8
CHANGES = 10
ROUNDS = 40
TRANSFERS = 60


def at_once(*works):
    """Runs them beside each other; what one of them finds is raised."""
    problems = []
    barrier = threading.Barrier(len(works))

    def guarded(work):
        try:
            barrier.wait()
            work()
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def made(client, path, **fields):
    answer = client.send("POST", path, fields)
    equal(answer.status, 201, f"a record of {path}")
    return answer.json["id"]


def test_lost_updates(store):
    """Read, work out, write back: with If-Match nobody's change is overwritten unseen."""
    with Server(CONTRACT, store) as server:
        path = "/v1/accounts/" + made(server.client(), "/v1/accounts", name="a", balance=0)
        overtaken = []

        def adding():
            client = server.client()
            for _ in range(CHANGES):
                while True:
                    found = client.get(path)
                    status = client.send("PATCH", path, {"balance": found.json["balance"] + 1}, {"If-Match": found.headers["etag"]}).status
                    if status == 200:
                        break
                    equal(status, 412, "a change that was overtaken")
                    overtaken.append(1)

        at_once(*[adding] * CLIENTS)
        found = server.client().get(path).json
        equal((found["balance"], found["revision"]), (CLIENTS * CHANGES, CLIENTS * CHANGES + 1), "every change counts once")
        print(f"{len(overtaken)} changes were overtaken and done again ({store})")
        check(overtaken, "nobody was overtaken: this was no test")


def test_changes_of_different_fields_do_not_undo_each_other(store):
    with Server(CONTRACT, store) as server:
        path = "/v1/accounts/" + made(server.client(), "/v1/accounts", name="a", balance=0)

        def changing(field):
            client = server.client()
            for number in range(1, 1 + CHANGES * 3):
                found = client.send("PATCH", path, {field: number})
                equal((found.status, found.json[field]), (200, number), "the own field, in the answer")

        at_once(lambda: changing("balance"), lambda: changing("other"))
        found = server.client().get(path).json
        equal((found["balance"], found["other"], found["revision"]), (CHANGES * 3, CHANGES * 3, 1 + CHANGES * 6), "both")


def test_dirty_and_skewed_reads_of_a_list(store):
    """Batches move money between two accounts, and some fail in their last step: a list sees all of a batch or nothing."""
    with Server(CONTRACT, store) as server:
        paths = ["/v1/accounts/" + made(server.client(), "/v1/accounts", name=name, kind="pair", balance=100) for name in "ab"]
        done = threading.Event()
        sums = set()
        looked = []

        def moving():
            client = server.client()
            try:
                for number in range(TRANSFERS):
                    amount = number % 90
                    operations = [
                        {"method": "PATCH", "path": paths[0], "body": {"balance": 100 - amount}},
                        {"method": "PATCH", "path": paths[1], "body": {"balance": 100 + amount}},
                    ]
                    fails = number % 3 == 2
                    if fails:
                        operations[0]["body"]["balance"] = 0
                        operations.append({"method": "POST", "path": "/v1/accounts", "body": {"name": "a", "balance": 1}})
                    answer = client.send("POST", "/v1/batch", {"operations": operations})
                    equal(answer.status, 409 if fails else 200, f"batch {number}: {answer.body[:200]!r}")
            finally:
                done.set()

        def looking():
            client = server.client()
            while not done.is_set():
                sums.add(sum(one["balance"] for one in client.get("/v1/accounts?kind=pair").json["data"]))
                looked.append(1)

        at_once(moving, looking, looking, looking)
        check(len(looked) > 10, "nobody looked")
        equal(sums, {200}, f"the sums of {len(looked)} lists")


def test_read_skew_between_a_record_and_what_it_includes(store):
    """An order, its line and the line's part always have one number: each batch gives all three the next one."""
    with Server(CONTRACT, store) as server:
        client = server.client()
        order = made(client, "/v1/orders", number=0)
        line = made(client, "/v1/lines", order=order, number=0)
        part = made(client, "/v1/parts", line=line, number=0)
        changing, seen, torn = threading.Event(), [], []
        changing.set()
        # What is above and what is below, in both directions.
        looks = {
            f"/v1/orders/{order}?include=lines.parts": lambda body: numbers(body),
            "/v1/orders?include=lines.parts": lambda body: numbers(body["data"][0]),
            f"/v1/parts/{part}?include=line.order": lambda body: {
                body["number"], body["line"]["number"], body["line"]["order"]["number"]},
        }

        def numbers(body):
            lines = body["lines"]["data"]
            return {body["number"], *[line["number"] for line in lines], *[part["number"] for line in lines for part in line["parts"]["data"]]}

        def change():
            writer = server.client()
            try:
                for number in range(1, TRANSFERS * 3):
                    paths = [f"/v1/orders/{order}", f"/v1/lines/{line}", f"/v1/parts/{part}"]
                    operations = [{"method": "PATCH", "path": path, "body": {"number": number}} for path in paths]
                    answer = writer.send("POST", "/v1/batch", {"operations": operations})
                    check(answer.status in (200, 503), f"a batch: {answer}")
            finally:
                changing.clear()

        def look(path):
            reader = server.client()
            while changing.is_set():
                answer = reader.get(path)
                equal(answer.status, 200, path)
                found = looks[path](answer.json)
                seen.append(max(found))
                if len(found) != 1:
                    torn.append((path, found))

        at_once(change, *[lambda path=path: look(path) for path in looks])
        check(len(set(seen)) > 10, f"only {len(set(seen))} states were seen")
        equal(torn, [], f"of {len(seen)} answers those that show two moments")


def test_write_skew_over_rows_that_are_there(store):
    """Two on duty; each may leave while the other is there. Both at once: one stays."""
    with Server(CONTRACT, store) as server:
        client, token = server.client(), server.token("ada")
        team = made(client, "/v1/teams", name="t")
        paths = ["/v1/doctors/" + made(client, "/v1/doctors", team=team) for _ in range(2)]
        both = 0
        for number in range(ROUNDS):
            answers = [None, None]

            def leaving(place):
                answers[place] = server.client(token).send("POST", paths[place] + "/leave").status

            at_once(lambda: leaving(0), lambda: leaving(1))
            check(sorted(answers)[0] == 200 and sorted(answers)[1] in (403, 503), f"round {number}: {answers}")
            both += answers.count(503)
            duties = sorted(client.get(path).json["duty"] for path in paths)
            equal(duties, ["away", "present"], f"who is there after round {number}")
            equal(client.send("POST", paths[answers.index(200)] + "/return").status, 200, "back again")
        check(both < ROUNDS // 2, f"{both} of {ROUNDS} were put off")


def refused(statuses, allowed, words):
    check(set(statuses) <= allowed, f"{words}: {statuses}")


def test_write_skew_by_records_that_appear(store):
    """A room is booked by all at once for times that overlap: one has it."""
    with Server(CONTRACT, store) as server:
        for number in range(ROUNDS):
            room = made(server.client(), "/v1/rooms", name=f"r{number}")
            statuses = []

            def book(place):
                body = {"room": room, "start": place, "end": place + 10}
                statuses.append(server.client().send("POST", "/v1/bookings", body).status)

            at_once(*[lambda place=place: book(place) for place in range(4)])
            refused(statuses, {201, 422, 503}, f"round {number}")
            held = server.client().get(f"/v1/bookings?room={room}").json["data"]
            check(len(held) == statuses.count(201) <= 1, f"round {number}: {len(held)} bookings overlap; {statuses}")


def test_write_skew_by_records_that_are_moved(store):
    """Two bookings of one room that do not overlap are both moved to the same time."""
    with Server(CONTRACT, store) as server:
        client = server.client()
        for number in range(ROUNDS):
            room = made(client, "/v1/rooms", name=f"r{number}")
            paths = ["/v1/bookings/" + made(client, "/v1/bookings", room=room, start=start, end=start + 5) for start in (0, 10)]
            statuses = []
            move = lambda path: statuses.append(server.client().send("PATCH", path, {"start": 20, "end": 25}).status)
            at_once(*[lambda path=path: move(path) for path in paths])
            refused(statuses, {200, 422, 503}, f"round {number}")
            starts = [client.get(path).json["start"] for path in paths]
            check(starts.count(20) <= 1, f"round {number}: both stand at one time; {statuses}")


def test_write_skew_by_what_is_counted(store):
    """Three seats a room, and never none: seats are made at once, then taken away at once."""
    with Server(CONTRACT, store) as server:
        client = server.client()
        for number in range(ROUNDS // 2):
            room = made(client, "/v1/rooms", name=f"r{number}")
            seats = lambda: [seat["id"] for seat in client.get(f"/v1/seats?room={room}").json["data"]]
            made_statuses, gone = [], []
            make = lambda: made_statuses.append(server.client().send("POST", "/v1/seats", {"room": room}).status)
            at_once(*[make] * 5)
            refused(made_statuses, {201, 401, 503}, f"round {number}")
            check(1 <= len(seats()) == made_statuses.count(201) <= 3, f"round {number}: {len(seats())} seats; {made_statuses}")
            take = lambda ident: gone.append(server.client().send("DELETE", f"/v1/seats/{ident}").status)
            at_once(*[lambda ident=ident: take(ident) for ident in seats()])
            refused(gone, {204, 401, 503}, f"round {number}")
            check(len(seats()) >= 1, f"round {number}: no seat is left; {gone}")


def test_a_unique_value_is_given_once(store):
    with Server(CONTRACT, store) as server:
        for number in range(ROUNDS // 2):
            statuses = []
            make = lambda: statuses.append(server.client().send("POST", "/v1/accounts", {"name": f"n{number}", "balance": 1}).status)
            at_once(*[make] * 4)
            equal(sorted(statuses), [201, 409, 409, 409], "one name")


if __name__ == "__main__":
    run(globals())
