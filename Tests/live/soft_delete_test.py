"""Records that are deleted softly, over the wire."""

from harness import Failed, Server, check, equal, run

DESK = """
martlet: 1
service: {name: desk, version: v1}
roles: [chief]
store: {url: "${DATABASE_URL}"}
resources:
  folders:
    delete: soft
    history: true
    fields:
      name:  {type: string, required: true, unique: true}
      files: {many: files, by: folder}
    access: {create: authenticated, read: authenticated, update: authenticated, delete: [chief]}
  files:
    fields:
      folder: {ref: folders, required: true, on_delete: cascade}
    access: {create: authenticated, read: authenticated}
"""


def test_a_deleted_record_is_gone_and_comes_back(store):
    with Server(DESK, store) as server:
        ada, chief = server.client(server.token("ada")), server.client(server.token("cleo", "chief"))
        folder = ada.send("POST", "/v1/folders", {"name": "a"}).json
        path = "/v1/folders/" + folder["id"]
        equal(folder["deleted_at"], None, "a new record is not deleted")
        file = ada.send("POST", "/v1/files", {"folder": folder["id"]}).json
        equal(ada.send("DELETE", path).status, 403, "who may not delete")
        equal(chief.send("DELETE", path).status, 204, "who may")
        for method, target, body in [
            ("GET", path, None), ("HEAD", path, None), ("GET", path + "/history", None), ("PATCH", path, {"name": "b"}),
            ("PUT", path, {"name": "b"}), ("DELETE", path, None), ("GET", "/v1/files/" + file["id"], None),
        ]:
            equal(chief.send(method, target, body).status, 404, f"{method} {target} of a deleted record")
        equal(ada.send("POST", "/v1/files", {"folder": folder["id"]}).status, 422, "a ref to a deleted record")
        equal(ada.get("/v1/folders?count=exact").json["page"]["total"], 0, "it is not counted")
        equal(ada.get("/v1/folders?deleted=include").status, 403, "who may not delete does not see it")
        equal(ada.send("POST", path + "/restore").status, 404, "nor restores it")
        seen = chief.get("/v1/folders?deleted=include").json["data"]
        check([one["id"] for one in seen] == [folder["id"]] and seen[0]["deleted_at"], f"it is seen: {seen}")
        equal(chief.send("QUERY", "/v1/folders", {"deleted": "include"}).json["data"], seen, "as QUERY")
        tag = chief.get(path + "?deleted=include").headers["etag"]
        equal(chief.send("POST", path + "/restore", headers={"If-Match": '"1.x"'}).status, 412, "of another revision")
        equal(chief.send("GET", path + "/restore").status, 405, "restore is no page")
        answer = chief.send("POST", path + "/restore", headers={"If-Match": tag, "Idempotency-Key": "k1"})
        equal((answer.status, answer.json["deleted_at"], answer.json["revision"]), (200, None, 3), "it is restored")
        equal(ada.get("/v1/files/" + file["id"]).status, 200, "with what went along")
        again = chief.send("POST", path + "/restore", headers={"If-Match": tag, "Idempotency-Key": "k1"})
        equal((again.headers.get("idempotency-replayed"), again.body), ("true", answer.body), "the same request again")
        actions = [event["action"] for event in ada.get(path + "/history").json["data"]]
        equal(actions, ["restore", "delete", "create"], "its history goes on")
        equal(ada.send("OPTIONS", path + "/restore").headers["allow"], "POST, OPTIONS", "Allow")


def test_a_contract_that_keeps_none_any_more_does_not_bring_them_back(store):
    with Server(DESK, store) as server:
        chief = server.client(server.token("cleo", "chief"))
        made = chief.send("POST", "/v1/folders", {"name": "a"}).json["id"]
        equal(chief.send("DELETE", "/v1/folders/" + made).status, 204, "deleted")
        equal(server.stop(), 0, "the exit code")
        server.contract.write_text(DESK.replace("    delete: soft\n", ""))
        try:
            server.start()
        except Failed as problem:
            check("delete: soft" in str(problem), f"it does not say why: {problem}")
            return
        raise Failed("it serves records that were deleted")


if __name__ == "__main__":
    run(globals())
