"""A server whose online store is deleted or torn down beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from conftest import CONFIGURATION, DEFINITIONS, Repo, driver_rows
from wire import CLOCK, LOOKUP, PUSH_DEFINITIONS, trips, until

OLD = "2024-05-10T11:00:00Z"  # so that what is materialized stays
ROW = {
    "driver_id": [1001],
    "event_timestamp": [OLD],
    "created": [OLD],
    "trips": [9],
    "rate": [0.5],
    "city": ["Bern"],
}


@pytest.mark.parametrize("store", ["lmdb", "sqlite"])
@pytest.mark.parametrize("again", ["apply", "materialize"])
def test_a_store_deleted_under_the_server(
    make_repo: Callable[..., Repo], store: str, again: str
) -> None:
    repo = make_repo(
        configuration=CONFIGURATION + f"online_store: {{type: {store}, path: data/online}}\n",
        definitions=PUSH_DEFINITIONS,
    )
    repo.table("data/drivers.parquet", driver_rows())
    repo.ok("apply")
    load = ("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    repo.ok(*load)
    online = repo.path / "data" / "online"
    push = {"push_source_name": "pushed", "df": ROW}

    def unavailable(status: int, answer: Any) -> bool:
        return status == 503

    def found(status: int, answer: Any) -> bool:
        return status == 200 and trips(answer) == [230]

    def not_found(status: int, answer: Any) -> bool:
        return status == 200 and answer["results"][1]["statuses"] == ["NOT_FOUND"]

    with repo.serve(CLOCK, "--no-access-log") as server:
        until(server, "/get-online-features", LOOKUP, found)
        if online.is_dir():
            shutil.rmtree(online)
        else:
            online.unlink()
        for path, body in [
            ("/push", push),
            ("/health", None),
            ("/get-online-features", LOOKUP),
            ("/push", push),
            ("/health", None),
        ]:
            error = until(server, path, body, unavailable)
            assert error["kind"] == "unavailable", error
            for words in (str(online), "was deleted", "featly apply", "featly materialize"):
                assert words in error["error"], error
        assert not online.exists()  # the server makes no empty one in its place
        if again == "apply":
            assert "holds nothing of it" in repo.run("apply", "--yes").err
            until(server, "/get-online-features", LOOKUP, not_found)
            repo.ok(*load)
        else:
            assert repo.run(*load).code == 0
        until(server, "/get-online-features", LOOKUP, found)
        assert server.request("/health")[0] == 200
        assert server.request("/push", push)[0] == 200


@pytest.mark.parametrize("store", ["lmdb", "sqlite"])
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
def test_after_a_teardown_nothing_is_known(
    make_repo: Callable[..., Repo], store: str, shared: bool
) -> None:
    """Also where the store, or the registry, holds another project too."""
    configuration = CONFIGURATION + f"online_store: {{type: {store}, path: data/online}}\n"
    repo = make_repo(configuration=configuration, definitions=PUSH_DEFINITIONS)
    repo.table("data/drivers.parquet", driver_rows())
    repo.ok("apply")
    repo.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
    if shared:
        other = make_repo(
            configuration=f"project: other\nregistry: {repo.path}/data/registry.db\n"
            f"online_store: {{type: {store}, path: {repo.path}/data/online}}\n",
            definitions=DEFINITIONS,
            name="other",
        )
        other.table("data/drivers.parquet", driver_rows())
        other.ok("apply")
    with repo.serve(CLOCK, "--no-access-log") as server:
        assert trips(server.request("/get-online-features", LOOKUP)[1]) == [230]
        repo.ok("teardown")
        push = {"push_source_name": "pushed", "df": ROW}
        deletion = {"entities": {"driver_id": [1001]}}
        for path, body in (
            ("/get-online-features", LOOKUP),
            ("/push", push),
            ("/delete-from-online-store", deletion),
        ):
            answer = until(server, path, body, lambda status, _: status == 404)
            assert answer["kind"] == "not_found", answer
        assert server.request("/health")[0] == (200 if shared else 503)
        repo.ok("apply")
        repo.ok("materialize", "2024-05-01", "2024-05-10T12:00:00Z")
        until(
            server,
            "/get-online-features",
            LOOKUP,
            lambda status, answer: status == 200 and trips(answer) == [230],
        )
        assert server.request("/health")[0] == 200
