"""Both storages through the same tests: a folder, and a bucket of a server that speaks S3 over real HTTP."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask

from app.core import files
from app.core.files.storage import BLOCK, Storage, new_place, storage_for
from app.kernel.errors import NotFound, Unavailable
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand
from tests.infra.bucket import Bucket

PDF = b"%PDF-1.7\n%%EOF"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A server that answers."""
    with Bucket().running() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, app: Flask, tmp_path: Path) -> Iterator[Storage]:
    """A storage of each kind, used by the application too."""
    url = f"file://{tmp_path}" if request.param == "folder" else request.getfixturevalue("bucket").url
    before = app.extensions.get("file_storage")
    app.extensions["file_storage"] = storage_for(url)
    with app.test_request_context("/"):
        yield app.extensions["file_storage"]
    app.extensions["file_storage"] = before


@pytest.mark.parametrize("content", [b"", b"x", PDF, bytes(range(256)) * 40_000], ids=["nothing", "a byte", "a file", "ten megabytes"])
def test_what_is_put_is_got_and_can_be_removed(store: Storage, content: bytes) -> None:
    place = new_place(uuid4())
    store.put(place, io.BytesIO(content), len(content))
    with store.get(place) as stream:
        assert stream.read() == content
    store.remove(place)
    with pytest.raises(NotFound, match="no longer there"):
        store.get(place)
    store.remove(place)  # once more, without a word


def test_it_is_read_in_portions_and_more_than_once(store: Storage) -> None:
    place, content = new_place(uuid4()), b"".join(number.to_bytes(4) for number in range(3 * BLOCK))
    store.put(place, io.BytesIO(content), len(content))
    tracemalloc.start()
    with store.get(place) as stream:
        found = b"".join(iter(lambda: stream.read(BLOCK // 4), b"")) == content
        stream.seek(BLOCK)
        assert stream.read(8) == content[BLOCK:BLOCK + 8]
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found
    assert most < 2.6 * len(content), "the bytes joined above, once more by the reading, and no further copy"


def test_places_do_not_mix(store: Storage) -> None:
    first, second = new_place(uuid4()), new_place(uuid4())
    for place in (first, second):
        store.put(place, io.BytesIO(place.encode()), len(place))
    store.remove(first)
    with store.get(second) as stream:
        assert stream.read().decode() == second


def test_a_file_goes_in_out_and_away_with_its_transaction(app: Flask, store: Storage) -> None:
    stand = Stand("stored")
    with stand.work():
        file = files.store(PDF, "Offer.pdf", purpose="import")
        path = f"/files/{file.id}/{file.name}"
    answer = Wizard(app, stand).get(path)
    assert (answer.status_code, answer.data) == (200, PDF)
    with pytest.raises(RuntimeError), stand.work():
        place = files.store(PDF, "Undone.pdf").place
        raise RuntimeError
    with pytest.raises(NotFound):
        store.get(place)


def test_the_bucket_is_asked_for_signed_objects_below_the_prefix(bucket: Bucket) -> None:
    place = new_place(uuid4())
    storage_for(bucket.url).put(place, io.BytesIO(PDF), len(PDF))
    assert bucket.objects == {f"kept/{place}": PDF}


def test_a_large_file_goes_to_the_bucket_in_parts(bucket: Bucket) -> None:
    size = 12 * BLOCK
    storage_for(bucket.url).put("a/b/c", io.BytesIO(bytes(size)), size)
    assert len(bucket.objects["kept/a/b/c"]) == size


def test_a_wrong_secret_is_refused_and_says_nothing_of_it(app: Flask, bucket: Bucket) -> None:
    wrong = storage_for(bucket.url.replace("test%2Fsecret", "other%2Fsecret"))
    with app.test_request_context("/"), pytest.raises(Unavailable, match="does not answer") as refused:
        wrong.put("a/b/c", io.BytesIO(PDF), len(PDF))
    assert "secret" not in str(refused.value)
    assert bucket.objects == {}


def test_a_server_that_stumbles_is_asked_again(app: Flask, bucket: Bucket) -> None:
    place = new_place(uuid4())
    store = storage_for(bucket.url)
    with app.test_request_context("/"):
        for work in (lambda: store.put(place, io.BytesIO(PDF), len(PDF)), lambda: store.get(place).read(), lambda: store.remove(place)):
            bucket.faults = [503]
            work()
    assert bucket.objects == {}


def test_a_server_that_is_down_says_so_keeps_nothing_and_works_again_when_it_is_back(app: Flask) -> None:
    stand, server = Stand("down"), Bucket()
    port = server.server_port
    app.extensions["file_storage"], before = storage_for(server.url), app.extensions.get("file_storage")
    try:
        with server.running(), stand.work():
            file = files.store(PDF, "Offer.pdf", purpose="import")
            path, kept = f"/files/{file.id}/{file.name}", dict(server.objects)
        person = Wizard(app, stand)
        refused = person.upload(b"Name\nAcme\n", "s.csv", "/procurement/suppliers")
        assert refused.status_code == 503
        assert "The file storage does not answer. Nothing was changed; try again in a moment." in refused.text
        assert person.get(path).status_code == 503
        assert person.get("/procurement/suppliers/").status_code == 200, "the rest is not affected"
        again = Bucket(port)
        again.objects.update(kept)
        with again.running():
            assert person.get(path).data == PDF
            assert person.upload(b"Name\nAcme\n", "s.csv", "/procurement/suppliers").status_code == 303
    finally:
        app.extensions["file_storage"] = before
