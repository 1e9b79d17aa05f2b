"""`downspout ls`: plain and JSON lines, streamed."""

from __future__ import annotations

from tests.e2e.command import LIMIT_S, run, start
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many

OBJECTS = [
    SeededObject("a/1.txt", 10, modified_at=1_700_000_000.0),
    SeededObject("a/b/2.txt", 20),
    SeededObject("top", 30, storage_class="GLACIER"),
    SeededObject("esc\x1b[31mred", 1),
]


def _ls(server: FaultServer, *words: str) -> tuple[int, list[str], str]:
    ran = run("ls", *words, "--endpoint-url", server.endpoint_url)
    return ran.code, ran.out.splitlines(), ran.err


def test_one_level_shows_folders_and_objects() -> None:
    with FaultServer(OBJECTS) as server:
        code, lines, _ = _ls(server, f"s3://{BUCKET}/a/")
    assert code == 0
    assert [line.split() for line in lines] == [["-", "-", "a/b/"], ["10", "2023-11-14T22:13:20", "a/1.txt"]]


def test_recursive_json_has_the_fields_of_the_contract() -> None:
    with FaultServer(OBJECTS) as server:
        ran = run("ls", f"s3://{BUCKET}", "--recursive", "--json", "--endpoint-url", server.endpoint_url)
    assert [line["key"] for line in ran.lines] == sorted(item.key for item in OBJECTS)
    assert ran.lines[0] == {
        "key": "a/1.txt",
        "size_bytes": 10,
        "modified_at": "2023-11-14T22:13:20.000Z",
        "etag": OBJECTS[0].etag,
        "storage_class": "STANDARD",
    }


def test_one_object_is_one_line() -> None:
    with FaultServer(OBJECTS) as server:
        code, lines, _ = _ls(server, f"s3://{BUCKET}/top")
    assert (code, len(lines)) == (0, 1)
    assert lines[0].endswith("top")


def test_a_key_cannot_drive_the_terminal() -> None:
    with FaultServer(OBJECTS) as server:
        _, lines, _ = _ls(server, f"s3://{BUCKET}/")
    assert any(line.endswith(r"esc\x1b[31mred") for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_the_first_line_is_out_before_the_second_page_is_asked_for() -> None:
    with FaultServer(many(1500, 1), [Fault(operation=Operation.LIST, skip=1, is_held=True)]) as server:
        process = start("ls", f"s3://{BUCKET}/", "--recursive", "--endpoint-url", server.endpoint_url)
        assert process.stdout is not None
        assert process.stdout.readline().split()[-1] == "00000.bin"
        server.release()
        out = process.stdout.read()
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert len(out.splitlines()) == 1499


def test_a_listing_that_fails_part_way_ends_with_1_after_what_came() -> None:
    with FaultServer(
        many(1500, 1), [Fault(operation=Operation.LIST, skip=1, status=403, code="AccessDenied")]
    ) as server:
        code, lines, err = _ls(server, f"s3://{BUCKET}/", "--recursive")
    assert code == 1
    assert len(lines) == 1000
    assert "AccessDenied" in err


def test_a_first_page_that_fails_ends_with_2() -> None:
    with FaultServer(OBJECTS, [Fault(operation=Operation.LIST, status=403, code="AccessDenied")]) as server:
        code, lines, _ = _ls(server, f"s3://{BUCKET}/")
    assert (code, lines) == (2, [])


def test_a_reader_that_leaves_early_is_no_traceback() -> None:
    with FaultServer(many(5000, 1)) as server:
        process = start("ls", f"s3://{BUCKET}/", "--recursive", "--endpoint-url", server.endpoint_url)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.wait(timeout=LIMIT_S)
        process.stderr.close()
    assert "Traceback" not in err
