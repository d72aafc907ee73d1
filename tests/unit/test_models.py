"""The model store, against a real HTTP server: what may be recorded, and what may be loaded."""

import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from slideloom.errors import ModelUnavailable
from slideloom.models import ModelStore, Offer
from slideloom.models.fetch import Limits, download
from slideloom.models.published import published_models
from slideloom.models.records import MODEL_FILE, RECORD_FILE, name_from, sha256_of
from tests.helpers.recorded import record_model


def torchscript(text: bytes = b"weights") -> bytes:
    """What the store takes for a TorchScript: it never loads one, so code is not needed."""
    return zipped(
        {"m/constants.pkl": b"", "m/code/__torch__.py": b"", "m/data.pkl": text}, stored=True
    )


def zipped(entries: dict[str, bytes], stored: bool = False) -> bytes:
    stream = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))  # equal bytes at any time
            archive.writestr(entry, content, method)
    return stream.getvalue()


def published(model: bytes) -> bytes:
    """A zip of the published layout."""
    return zipped({"rdf.yaml": b"name: x", MODEL_FILE: model, "test-input.npy": b"1", "R.md": b""})


class Server:
    """A release server on this machine; `pages` maps a path to status, headers and body."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                status, headers, body = outer.pages.get(self.path, (404, {}, b""))
                self.send_response(status)
                for key, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def publish(self, body: bytes, **headers: str) -> None:
        """Serve one model, `published_one` 0.1.1, and an index of it."""
        entry = {
            "name": "published_one",
            "url": f"{self.url}/release/one.zip",
            "version": "0.1.1",
            "license": "Apache-2.0",
        }
        self.pages["/index.json"] = (200, {}, json.dumps([entry]).encode())
        self.pages["/release/one.zip"] = (302, {"Location": f"{self.url}/file"}, b"")
        self.pages["/file"] = (200, headers, body)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    server.publish(published(torchscript()))
    yield server
    server.close()


@pytest.fixture
def store(server: Server, tmp_path: Path) -> ModelStore:
    return ModelStore(
        tmp_path / "store",
        f"{server.url}/index.json",
        shipped=tmp_path / "shipped",
        limits=Limits(size_bytes=1 << 20, socket_s=20, total_s=60),
    )


def yes(_: Offer) -> bool:
    return True


def files(store: ModelStore) -> list[str]:
    return sorted(
        str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file()
    )


def test_a_published_model_is_offered_recorded_and_resolved(
    store: ModelStore, server: Server
) -> None:
    offers: list[Offer] = []

    def look_and_agree(offer: Offer) -> bool:
        offers.append(offer)
        return True

    record = store.add("published_one", confirm=look_and_agree)
    digest = sha256_of(torchscript())
    address = f"{server.url}/release/one.zip"
    assert offers == [
        Offer("published_one", "0.1.1", address, "Apache-2.0", digest, len(torchscript()))
    ]
    assert (record.sha256, record.licence, record.source) == (digest, "Apache-2.0", address)
    assert files(store) == [
        f"published_one/0.1.1/{MODEL_FILE}",
        f"published_one/0.1.1/{RECORD_FILE}",
    ]
    for asked in ("published_one", "published_one@0.1.1"):
        file = store.resolve(asked)
        assert file.record == record
        assert file.read() == torchscript()
    listing = store.list()
    assert listing.added == [record]
    assert listing.available == []


def test_adding_again_asks_and_fetches_nothing(store: ModelStore, server: Server) -> None:
    first = store.add("published_one", confirm=yes)
    server.asked.clear()
    assert store.add("published_one") == first
    assert server.asked == ["/index.json"]


@pytest.mark.parametrize("confirm", [None, lambda offer: False])
def test_what_is_not_confirmed_is_not_recorded(store: ModelStore, confirm: object) -> None:
    with pytest.raises(ModelUnavailable, match="nothing was recorded"):
        store.add("published_one", confirm=confirm)  # type: ignore[arg-type]
    assert not store.root.exists()


def test_without_a_network_a_zip_or_a_torchscript_is_given(
    store: ModelStore, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "one.zip"
    path.write_bytes(published(torchscript()))
    record = store.add("published_one", path, yes)
    assert (record.version, record.licence) == ("0.1.1", "Apache-2.0")
    assert record.source == str(path)
    path.write_bytes(torchscript())
    assert store.add("published_one", path, yes).sha256 == record.sha256
    assert "/file" not in server.asked


def test_a_file_of_ones_own_is_recorded_by_path(store: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "My model-2.pt"
    path.write_bytes(torchscript(b"own"))
    with pytest.raises(ModelUnavailable, match="slideloom models add"):
        store.resolve(str(path))
    record = store.add(str(path), confirm=yes)
    digest = sha256_of(torchscript(b"own"))
    assert (record.name, record.version) == ("my_model_2", digest[:12])
    assert store.resolve(str(path)).path == path
    assert store.resolve("my_model_2").read() == torchscript(b"own")
    path.write_bytes(torchscript(b"changed"))
    with pytest.raises(ModelUnavailable, match="is not recorded"):
        store.resolve(str(path))
    newer = store.add(str(path), confirm=yes)
    assert store.resolve("my_model_2").record == newer
    assert store.resolve(f"my_model_2@{record.version}").record == record


def test_measured_facts_go_into_the_store_only(store: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(torchscript())
    store.add(str(path), confirm=yes)
    store.note_measured(store.resolve(str(path)), 95)
    assert store.resolve("mine").record.receptive_field_px == 95
    shipped = record_model(tmp_path / "shipped", torchscript(b"s"), "ours", None)
    store.note_measured(shipped, 95)
    assert store.resolve("ours").record.receptive_field_px is None
    assert not (tmp_path / RECORD_FILE).exists()


def test_a_file_that_changed_is_refused_and_mended_by_adding_again(store: ModelStore) -> None:
    store.add("published_one", confirm=yes)
    path = store.resolve("published_one").path
    path.write_bytes(torchscript(b"evil"))
    with pytest.raises(ModelUnavailable, match="not the file that was recorded"):
        store.resolve("published_one")
    store.add("published_one", confirm=yes)
    assert store.resolve("published_one").read() == torchscript()
    path.unlink()
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        store.resolve("published_one")


def test_another_file_under_a_recorded_version_is_refused(
    store: ModelStore, server: Server
) -> None:
    store.add("published_one", confirm=yes)
    store.resolve("published_one").path.write_bytes(b"broken")
    server.publish(published(torchscript(b"other")))
    with pytest.raises(ModelUnavailable, match="Nothing was changed"):
        store.add("published_one", confirm=yes)
    with pytest.raises(ModelUnavailable, match="not the file that was recorded"):
        store.resolve("published_one")


def test_what_is_not_there_is_refused_with_the_command_that_helps(
    store: ModelStore, tmp_path: Path
) -> None:
    record_model(tmp_path / "shipped", torchscript(), "ours")
    with pytest.raises(ModelUnavailable, match="slideloom models add published_one") as refused:
        store.resolve("published_one")
    assert "--file" in str(refused.value)
    assert "--model slideloom_nuclei_small" in str(refused.value)
    with pytest.raises(ModelUnavailable, match=r"Here: ours\. .*: published_one\."):
        store.resolve("unheard_of")
    with pytest.raises(ModelUnavailable, match="unheard_of"):
        store.add("unheard_of", confirm=yes)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        store.resolve(str(tmp_path / "missing.pt"))
    assert store.resolve("ours").record.name == "ours"


@pytest.mark.parametrize("name", ["", ".", "..", "Upper", "a b", "a" * 65, "*", "@1", "a\n", "-a"])
def test_names_that_could_lead_elsewhere_are_refused(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelUnavailable):
        store.resolve(name)
    with pytest.raises(ModelUnavailable):
        store.add(name, confirm=yes)


@pytest.mark.parametrize("version", ["*", "../1", "0.1.1/..", "?.1.1"])
def test_a_version_is_compared_never_used_as_a_pattern(store: ModelStore, version: str) -> None:
    store.add("published_one", confirm=yes)
    with pytest.raises(ModelUnavailable):
        store.resolve(f"published_one@{version}")


def test_names_that_belong_to_others_are_refused(store: ModelStore, tmp_path: Path) -> None:
    for name in ("oracle", "slideloom_nuclei_small", "published_one"):
        path = tmp_path / f"{name}.pt"
        path.write_bytes(torchscript())
        with pytest.raises(ModelUnavailable, match="name"):
            store.add(str(path), confirm=yes)
    with pytest.raises(ModelUnavailable, match="belongs to slideloom"):
        store.add("oracle", tmp_path / "oracle.pt", yes)
    with pytest.raises(ModelUnavailable):
        name_from(Path("___.pt"))


def _bomb() -> bytes:
    return zipped({MODEL_FILE: bytes(8 << 20)})


def _broken_checksum() -> bytes:
    content = bytearray(zipped({MODEL_FILE: torchscript()}, stored=True))
    content[content.index(b"weights")] ^= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (zipped({"../" + MODEL_FILE: torchscript()}), "leads out"),
        (zipped({"/etc/" + MODEL_FILE: torchscript()}), "leads out"),
        (zipped({"a/../../" + MODEL_FILE: torchscript()}), "leads out"),
        (zipped({"a/" + MODEL_FILE: torchscript(), MODEL_FILE: torchscript()}), "holds 2 files"),
        (zipped({"other.pt": torchscript()}), "holds 0 files"),
        (_bomb(), "unpacks to more than"),
        (bytes(3 << 20), "larger than the limit"),
        (published(torchscript())[:-30], "cut short"),
        (_broken_checksum(), "is damaged"),
        (zipped({MODEL_FILE: b"no TorchScript"}), "neither"),
        (zipped({MODEL_FILE: zipped({"a": b"", "b": b""})}), "is no TorchScript"),
        (b"", "neither"),
        (b"<html>sign in</html>", "neither"),
    ],
)
def test_archives_that_are_no_model_leave_nothing(
    store: ModelStore, server: Server, tmp_path: Path, body: bytes, reason: str
) -> None:
    server.publish(body)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelUnavailable, match=reason):
        store.add("published_one", confirm=yes)
    assert sorted(tmp_path.rglob("*")) == before


def test_downloads_that_fail(server: Server, store: ModelStore) -> None:
    server.publish(published(torchscript())[:100], **{"Content-Length": "5000"})
    with pytest.raises(ModelUnavailable, match="broke off after 100 of 5000"):
        store.add("published_one", confirm=yes)
    server.pages["/file"] = (500, {}, b"")
    with pytest.raises(ModelUnavailable, match="--file"):
        store.add("published_one", confirm=yes)
    server.publish(b"x", **{"Content-Length": str(1 << 40)})
    with pytest.raises(ModelUnavailable, match="larger than the limit"):
        store.add("published_one", confirm=yes)
    with pytest.raises(ModelUnavailable, match="longer than 0 s"):
        download(f"{server.url}/index.json", Limits(total_s=0.0))


@pytest.mark.parametrize(
    "url", ["http://example.org/a.zip", "file:///etc/passwd", "ftp://127.0.0.1/a", "/etc/passwd"]
)
def test_only_https_is_fetched_and_redirected_to(server: Server, url: str) -> None:
    with pytest.raises(ModelUnavailable, match="https only"):
        download(url, Limits())
    server.pages["/away"] = (302, {"Location": url}, b"")
    if "://" in url:
        with pytest.raises(ModelUnavailable):
            download(f"{server.url}/away", Limits())


def test_an_index_that_is_none(server: Server, store: ModelStore) -> None:
    for index in (b"{}", b"[{}]", b'[{"name": "../x", "url": "u", "version": "1"}]', b"no"):
        server.pages["/index.json"] = (200, {}, index)
        with pytest.raises(ModelUnavailable, match="index"):
            store.list()


def test_the_installed_package_names_the_published_models() -> None:
    by_name = {model.name: model for model in published_models()}
    assert by_name["brightfield_nuclei"].license == "Apache-2.0"
    assert all(model.url.startswith("https://") for model in by_name.values())


@pytest.mark.parametrize("text", ["", "{}", "no json"])
def test_a_damaged_record_is_named(store: ModelStore, text: str) -> None:
    store.add("published_one", confirm=yes)
    path = store.resolve("published_one").path.parent / RECORD_FILE
    path.write_text(text)
    with pytest.raises(ModelUnavailable, match=r"no model record .* delete the folder"):
        store.resolve("published_one")


def test_a_record_moved_to_another_name_is_refused(store: ModelStore) -> None:
    store.add("published_one", confirm=yes)
    (store.root / "published_one").rename(store.root / "other_one")
    with pytest.raises(ModelUnavailable, match="is the record of published_one"):
        store.resolve("other_one")


def test_two_processes_add_at_once(store: ModelStore, server: Server, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from slideloom.models import ModelStore\n"
        "store = ModelStore(Path(sys.argv[1]), sys.argv[2], shipped=Path('none'))\n"
        "def confirm(offer):\n"
        "    print('ready', flush=True)\n"
        "    return sys.stdin.readline() == 'go\\n'\n"
        "print(store.add('published_one', confirm=confirm).sha256)\n"
    )
    command = [sys.executable, "-c", code, str(store.root), f"{server.url}/index.json"]
    adders = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for adder in adders:
        assert adder.stdout is not None
        assert adder.stdout.readline() == "ready\n"
    for adder in adders:
        assert adder.stdin is not None
        adder.stdin.write("go\n")
        adder.stdin.flush()
    outputs = [adder.communicate()[0] for adder in adders]
    assert [adder.returncode for adder in adders] == [0, 0, 0]
    assert set(outputs) == {sha256_of(torchscript()) + "\n"}
    assert files(store) == [
        f"published_one/0.1.1/{MODEL_FILE}",
        f"published_one/0.1.1/{RECORD_FILE}",
    ]
    assert store.resolve("published_one").read() == torchscript()


def test_where_the_store_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLIDELOOM_MODEL_STORE", str(tmp_path / "a"))
    assert ModelStore().root == tmp_path / "a"
    monkeypatch.delenv("SLIDELOOM_MODEL_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "b"))
    assert ModelStore().root == tmp_path / "b" / "slideloom" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ModelStore().root == tmp_path / ".local" / "share" / "slideloom" / "models"


def test_a_store_that_cannot_be_written_says_which(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(ModelUnavailable, match="SLIDELOOM_MODEL_STORE"):
        store.add("published_one", confirm=yes)


def test_a_shipped_model_keeps_fields_that_we_do_not_know(
    store: ModelStore, tmp_path: Path
) -> None:
    shipped = record_model(tmp_path / "shipped", torchscript(), "ours")
    path = shipped.path.parent / RECORD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "f1_at_iou_50": 0.75}))
    record = store.resolve("ours").record
    assert json.loads(record.as_json())["f1_at_iou_50"] == 0.75
    assert [r.name for r in store.list().shipped] == ["ours"]
