"""Listing pages: what is read out of the XML, and what a hostile server cannot do."""

from __future__ import annotations

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.objects import ListingPage
from app.s3.listing import MAX_EMPTY_PAGES, ListingGuard
from app.s3.page_parser import NO_SIZE, OUTSIDE, TWICE, PageParser, ParsedPage

URL = "<EncodingType>url</EncodingType>"


def entry(key: str, **fields: str) -> str:
    """The XML of one object."""
    values = {
        "LastModified": "2026-11-21T17:03:09.500Z",
        "ETag": "&quot;0a1b&quot;",
        "Size": "12",
        "StorageClass": "STANDARD",
    } | fields
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value)
    return f"<Contents><Key>{key}</Key>{inner}<Owner><ID>o</ID></Owner></Contents>"


def page(*parts: str) -> bytes:
    """The XML of one page."""
    namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    body = "\n  ".join(parts)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult {namespace}>\n'
        f"  <Name>b</Name><Prefix></Prefix>{body}\n</ListBucketResult>"
    ).encode()


def parse(xml: bytes, prefix: str = "", previous_key: str | None = None, step: int = 7) -> ParsedPage:
    """Parse a page that comes in pieces of `step` bytes."""
    parser = PageParser(prefix, previous_key)
    for offset in range(0, len(xml), step):
        parser.write(xml[offset : offset + step])
    return parser.finish()


def keys(xml: bytes) -> list[str]:
    """The keys of a page."""
    return [info.key for info in parse(xml).objects]


def parse_error(xml: bytes) -> TransferError:
    """How parsing the page fails."""
    with pytest.raises(TransferError) as caught:
        parse(xml)
    assert caught.value.kind is ErrorKind.LISTING
    return caught.value


def test_an_entry_is_read_whole() -> None:
    (info,) = parse(page(entry("a/b.txt", StorageClass="GLACIER"))).objects
    assert (info.key, info.size_bytes, info.etag, info.storage_class) == ("a/b.txt", 12, "0a1b", "GLACIER")
    assert info.modified_at == 1795280589.5
    assert info.is_archived
    assert info.problem == ""


def test_a_bare_etag_and_a_weak_one_lose_nothing_but_their_marks() -> None:
    xml = page(entry("a", ETag="0a1b"), entry("b", ETag="W/&quot;0a1b&quot;"), entry("c", ETag=""))
    assert [info.etag for info in parse(xml).objects] == ["0a1b", "0a1b", ""]


def test_a_restored_object_is_no_longer_archived() -> None:
    status = "<IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-12-01T00:00:00Z"
    xml = page(entry("a", StorageClass="GLACIER", RestoreStatus=status + "</RestoreExpiryDate>"))
    assert not parse(xml).objects[0].is_archived


def test_url_names_are_decoded_once_with_plus_as_a_space() -> None:
    xml = page(entry("a+b%2Bc%2520%C3%A9%01"), URL, "<CommonPrefixes><Prefix>x+y/</Prefix></CommonPrefixes>")
    assert keys(xml) == ["a b+c%20é\x01"]
    assert parse(xml).prefixes == ("x y/",)


def test_a_server_that_writes_a_space_as_percent_20_means_plus_by_plus() -> None:
    assert keys(page(URL, entry("a%20b"), entry("a+b"))) == ["a b", "a+b"]


def test_names_are_left_alone_when_the_server_did_not_encode_them() -> None:
    assert keys(page(entry("100%25+ &amp; a"))) == ["100%25+ & a"]


def test_spaces_of_a_name_are_kept() -> None:
    assert keys(page(entry(" a "), entry("\n"))) == [" a ", "\n"]


def test_entries_of_different_shapes_lose_nothing() -> None:
    bare, whole = "<Contents><Size>7</Size><Key>c</Key></Contents>", entry("a", StorageClass="GLACIER")
    checked = entry("d", ETag="&quot;1f&quot;", ChecksumType="FULL_OBJECT")
    for entries in ([whole, entry("b"), bare, checked], [bare, whole, checked], [whole, bare, whole]):
        told = [(info.key, info.size_bytes, info.etag) for info in parse(page(*entries)).objects]
        wanted = {whole: ("a", 12, "0a1b"), bare: ("c", 7, ""), checked: ("d", 12, "1f")}
        assert told == [wanted.get(text, ("b", 12, "0a1b")) for text in entries]


def test_entries_of_one_shape_are_read_like_single_ones() -> None:
    entries = [entry(f"k{number}", Size=str(number)) for number in range(50)]
    together = parse(page(*entries, "<CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes>"))
    assert list(together.objects) == [parse(page(text)).objects[0] for text in entries]
    assert together.prefixes == ("x/",)


@pytest.mark.parametrize("name", ["Key", "Contents", "Size", "K", "ETag"])
def test_a_text_that_reads_like_a_name_of_the_format_is_a_text(name: str) -> None:
    texts = [entry(name, ETag=name), entry("z", StorageClass=name), entry("zz", ETag="")]
    infos = parse(page(*texts)).objects
    assert [info.key for info in infos] == [name, "z", "zz"]
    assert [info.etag for info in infos] == [name, "0a1b", ""]


def test_an_empty_field_is_empty_whatever_stands_before_it() -> None:
    xml = page("<Contents>\n  <Key>a</Key>\n  <ETag/>\n  <Size></Size></Contents>")
    (info,) = parse(xml).objects
    assert (info.key, info.etag, info.problem) == ("a", "", NO_SIZE)


@pytest.mark.parametrize("key", ["k" * 300_000, "<![CDATA[a<b]]>" * 20_000], ids=["long", "cdata"])
def test_a_text_longer_than_what_is_parsed_at_a_time_comes_in_one_piece(key: str) -> None:
    wanted = key.replace("<![CDATA[", "").replace("]]>", "")
    for step in (1000, 10**6):
        (info,) = parse(page(entry(key)), step=step).objects
        assert info.key == wanted


def test_a_bad_date_is_no_date() -> None:
    xml = page(entry("a", LastModified="yesterday"), entry("b", LastModified=""))
    assert [info.modified_at for info in parse(xml).objects] == [None, None]


@pytest.mark.parametrize("size", ["", "many", "1_000", "1.5", "٣", "9" * 5000])
def test_a_size_that_is_no_number_is_a_problem(size: str) -> None:
    assert "size" in parse(page(entry("a", Size=size))).objects[0].problem


@pytest.mark.parametrize("size", [-5, 2**70])
def test_an_absurd_size_is_told_as_it_is(size: int) -> None:
    (info,) = parse(page(entry("a", Size=str(size)))).objects
    assert (info.size_bytes, info.problem) == (size, "")


def test_a_key_outside_the_prefix_and_a_repeated_key_have_a_problem() -> None:
    infos = parse(page(entry("x/a"), entry("x/b"), entry("x/b"), entry("y")), "x/", "x/a").objects
    assert [info.problem for info in infos] == [TWICE, "", TWICE, OUTSIDE]


def test_a_folder_outside_the_prefix_is_refused() -> None:
    parser = PageParser("x/", None)
    parser.write(page("<CommonPrefixes><Prefix>../</Prefix></CommonPrefixes>"))
    with pytest.raises(TransferError):
        parser.finish()


@pytest.mark.parametrize(
    "xml",
    [
        page(entry("a\x01b")),
        page(entry("a&#1;b")),
        page(entry("a"))[:-30],
        b"",
        b"\xff\xfe\x00",
        b'<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult/>',
    ],
    ids=["raw control", "referenced control", "cut", "empty", "binary", "doctype"],
)
def test_a_page_that_is_no_xml_is_named_so(xml: bytes) -> None:
    assert "listing is not valid XML" in parse_error(xml).message


def test_a_page_of_something_else_is_no_listing() -> None:
    assert "<html>" in parse_error(b"<html><body/></html>").message


def test_a_page_without_end_is_cut_off() -> None:
    parser = PageParser("", None)
    with pytest.raises(TransferError, match="larger than 32 MiB"):
        for _ in range(10_000):
            parser.write(b"<a>" if _ == 0 else b" " * 65536)


def admit(guard: ListingGuard, token: str, *names: str, is_truncated: bool = True) -> ListingPage:
    """Show the guard a page with these names and this token."""
    parts = [entry(name) for name in names]
    parts += [f"<IsTruncated>{str(is_truncated).lower()}</IsTruncated>"]
    return guard.admit(parse(page(*parts, f"<NextContinuationToken>{token}</NextContinuationToken>")))


def test_tokens_that_go_round_end_the_listing_at_the_first_repeat() -> None:
    guard = ListingGuard()
    admit(guard, "A", "a")
    admit(guard, "B", "b")
    with pytest.raises(TransferError, match="twice") as caught:
        admit(guard, "A", "c")
    assert caught.value.kind is ErrorKind.LISTING


def test_more_without_a_token_is_an_error() -> None:
    with pytest.raises(TransferError, match="not where"):
        admit(ListingGuard(), "", "a")


def test_the_last_page_needs_no_token_and_may_repeat_one() -> None:
    guard = ListingGuard()
    assert not admit(guard, "A", "a").is_last
    assert admit(guard, "A", "b", is_truncated=False).is_last


def test_empty_pages_without_end_are_an_error_and_a_key_starts_the_count_again() -> None:
    guard = ListingGuard()
    for number in range(MAX_EMPTY_PAGES):
        admit(guard, f"a{number}")
    admit(guard, "key", "k")
    for number in range(MAX_EMPTY_PAGES):
        admit(guard, f"b{number}")
    with pytest.raises(TransferError, match="empty pages"):
        admit(guard, "last")
