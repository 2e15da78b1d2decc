"""A permission that is withdrawn while a write is on its way: what the rule stands on is held, and waited for (PostgreSQL)."""

import os
import subprocess
import threading

from harness import Server, check, equal, run

CONTRACT = """
martlet: 1
service: {name: teams, version: v1}
store: {url: "${DATABASE_URL}", pool: 20}
resources:
  teams:
    fields:
      name:    {type: string}
      lead:    {ref: users, default: caller.id, write: authenticated}
      members: {many: members, by: team}
    access:
      create: authenticated
      read: authenticated
      update: record.lead == caller.id || record.members.exists(m, m.user == caller.id && m.role == "editor")
  members:
    fields:
      team: {ref: teams, required: true, on_delete: cascade}
      user: {ref: users, default: caller.id, write: authenticated}
      role: {type: enum, values: [viewer, editor], default: editor}
    access: {create: authenticated, read: authenticated, update: record.team.lead == caller.id, delete: record.team.lead == caller.id}
  documents:
    fields:
      team:  {ref: teams, required: true, on_delete: cascade}
      title: {type: string}
    access:
      create: record.team.members.exists(m, m.user == caller.id && m.role == "editor")
      read:   authenticated
      update: record.team.members.exists(m, m.user == caller.id && m.role == "editor")
      delete: record.team.lead == caller.id
  links:
    fields: {document: {ref: secrets, required: true}}
    access: {create: authenticated, read: anyone}
  secrets:
    fields: {team: {ref: teams, required: true}}
    access: {create: authenticated, read: "record.team.members.exists(m, m.user == caller.id && m.role == 'editor')"}
"""

PATCH = {"Content-Type": "application/merge-patch+json"}


class Session:
    """A transaction of somebody else, in psql."""

    def __init__(self, url):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def run(self, *statements):
        for statement in statements:
            self.process.stdin.write(statement + ";\n")
        self.process.stdin.write("SELECT 'done';\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline()) not in ("done\n", ""):
            pass
        check(line, "psql has ended")

    def end(self, word):
        self.run(word)
        self.process.stdin.close()
        self.process.wait(30)


class Background(threading.Thread):
    def __init__(self, client, *request):
        super().__init__(daemon=True)
        self.client, self.request, self.answer = client, request, None
        self.start()

    def run(self):
        self.answer = self.client.send(*self.request)

    def result(self):
        self.join(30)
        check(self.answer is not None, "the request did not end")
        return self.answer


def wait_for_waiting(server):
    """Until a statement of the service waits for a lock. Each look is a process of its own."""
    for _ in range(400):
        if server.store.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"):
            return
    check(False, "no statement waits for a lock")


class Scene:
    def __init__(self, server):
        self.server = server
        self.lead = server.client(server.token("lea"))
        self.member = server.client(server.token("mia"))
        self.team = self.make(self.lead, "teams", {"name": "t"})
        self.membership = self.make(self.member, "members", {"team": self.team})
        self.document = self.make(self.member, "documents", {"team": self.team, "title": "a"})

    def make(self, client, resource, body):
        answer = client.send("POST", f"/v1/{resource}", body)
        equal(answer.status, 201, f"{resource} are made")
        return answer.json["id"]

    @property
    def title(self):
        return self.lead.get(f"/v1/documents/{self.document}").json["title"]


WITHDRAWALS = {
    "deleted": "DELETE FROM members WHERE id = '{membership}'",
    "changed": "UPDATE members SET role = 'viewer', revision = revision + 1 WHERE id = '{membership}'",
}


def needs_postgres():
    check(os.environ.get("MARTLET_TEST_POSTGRES"), "MARTLET_TEST_POSTGRES is not set: no PostgreSQL to test with")


def test_a_withdrawal_that_is_not_finished_is_waited_for():
    needs_postgres()
    with Server(CONTRACT, "postgres") as server:
        for word in ("COMMIT", "ROLLBACK"):
            for name, statement in WITHDRAWALS.items():
                scene = Scene(server)
                secret = scene.make(scene.member, "secrets", {"team": scene.team})
                for request, status in [
                    (("PATCH", f"/v1/documents/{scene.document}", {"title": "b"}, PATCH), 200),
                    (("PATCH", f"/v1/teams/{scene.team}", {"name": "b"}, PATCH), 200),
                    (("POST", "/v1/documents", {"team": scene.team, "title": "new"}), 201),
                    (("POST", "/v1/links", {"document": secret}), 201),
                ]:
                    session = Session(server.store.url)
                    session.run("BEGIN", statement.format(membership=scene.membership))
                    late = Background(server.client(scene.member.token), *request)
                    wait_for_waiting(server)
                    session.end(word)
                    answer = late.result()
                    expected = status if word == "ROLLBACK" else 422 if "links" in request[1] else 403
                    equal(answer.status, expected, f"{request[0]} {request[1]}, {name}, {word}")
                    if word == "COMMIT":
                        server.store.rows(f"DELETE FROM members WHERE team = '{scene.team}'")
                        scene.membership = scene.make(scene.member, "members", {"team": scene.team})
                equal(scene.title, "b" if word == "ROLLBACK" else "a", f"{name}, {word}: the document")


def test_a_withdrawal_while_the_record_is_held_is_seen():
    needs_postgres()
    with Server(CONTRACT, "postgres") as server:
        for name, statement in WITHDRAWALS.items():
            scene = Scene(server)
            holder = Session(server.store.url)
            holder.run("BEGIN", f"SELECT 1 FROM documents WHERE id = '{scene.document}' FOR UPDATE")
            late = Background(server.client(scene.member.token), "PATCH", f"/v1/documents/{scene.document}", {"title": "b"}, PATCH)
            wait_for_waiting(server)
            server.store.rows(statement.format(membership=scene.membership))
            holder.end("COMMIT")
            equal(late.result().status, 403, f"{name} before the record was free")
            equal(scene.title, "a", f"{name}: the document")


def test_writers_in_the_ordinary_order_do_not_meet_in_a_deadlock():
    needs_postgres()
    with Server(CONTRACT, "postgres") as server:
        scene = Scene(server)
        documents = [scene.document] + [scene.make(scene.member, "documents", {"team": scene.team}) for _ in range(3)]
        # Another member, whose row is really changed while rules read the table.
        watched = scene.make(server.client(server.token("max")), "members", {"team": scene.team})
        statuses = []

        def work(number):
            lead, member = server.client(scene.lead.token), server.client(scene.member.token)
            for turn in range(25):
                document = documents[(number + turn) % len(documents)]
                statuses.append(member.send("PATCH", f"/v1/documents/{document}", {"title": f"{number} {turn}"}, PATCH).status)
                statuses.append(member.send("PATCH", f"/v1/teams/{scene.team}", {"name": f"{number} {turn}"}, PATCH).status)
                statuses.append(member.send("POST", "/v1/documents", {"team": scene.team, "title": "x"}).status)
                statuses.append(lead.send("PATCH", f"/v1/members/{watched}", {"role": ("editor", "viewer")[turn % 2]}, PATCH).status)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        equal(len(statuses), 600, "all were made")
        equal(set(statuses) - {200, 201, 503}, set(), "a write goes through, or is told to come again")
        # Six writers of one row: one of them may be too late ten times.
        check(statuses.count(503) < 30, f"{statuses.count(503)} writes did not go through")
        equal(server.store.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), [("0",)], "deadlocks")


def test_a_deadlock_that_comes_all_the_same_is_tried_again():
    needs_postgres()
    with Server(CONTRACT, "postgres") as server:
        scene = Scene(server)
        # Holds the membership, and then wants the document, which the service's write holds while it waits for the membership.
        other = Session(server.store.url)
        other.run("BEGIN", "SET LOCAL deadlock_timeout = '30s'", f"SELECT 1 FROM members WHERE id = '{scene.membership}' FOR UPDATE")
        late = Background(server.client(scene.member.token), "PATCH", f"/v1/documents/{scene.document}", {"title": "b"}, PATCH)
        wait_for_waiting(server)
        other.run(f"SELECT 1 FROM documents WHERE id = '{scene.document}' FOR UPDATE")
        other.end("COMMIT")
        equal(late.result().status, 200, "the write after the deadlock")
        equal(scene.title, "b", "the document")
        rows = server.store.rows(f"SELECT count(*) FROM _martlet_events WHERE record = '{scene.document}'")
        equal(rows, [("2",)], "its events")


if __name__ == "__main__":
    run(globals())
