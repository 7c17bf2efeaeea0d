"""The envelope agrees with the platform's own sample and notices every change."""

import pytest

from tests.local_wechat.crypto import CryptoWrong, Seal
from tests.local_wechat.pushxml import read

SEALED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXp"
    "bUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlp"
    "Kn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD"
    "1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)
SIGNED = "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@pytest.fixture
def seal() -> Seal:
    """The account of the platform's sample code."""
    return Seal("spamtest", KEY, "wx2c2769f8efd9abc2")


def test_the_sample_of_the_platform_opens(seal: Seal) -> None:
    fields = read(seal.open(SEALED, SIGNED, "1409735669", "1320562132"))
    assert (fields["Content"], fields["MsgId"]) == ("abcdteT", "6054768590064713728")


def test_what_is_sealed_opens_again(seal: Seal) -> None:
    for length in (0, 1, 11, 12, 13, 31, 32, 33, 5000):
        content = "水".encode() * length
        sealed = seal.seal(content)
        assert seal.open(sealed, seal.sign("1", "2", sealed), "1", "2") == content


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Seal("another", KEY, "wx2c2769f8efd9abc2"), "signature"),
        (Seal("spamtest", KEY, "wx0000000000000000"), "receiver"),
        (Seal("spamtest", KEY[1:] + "a", "wx2c2769f8efd9abc2"), None),
    ],
)
def test_what_another_account_sealed_does_not_open(seal: Seal, other: Seal, reason: str | None) -> None:
    sealed = other.seal(b"<xml></xml>")
    with pytest.raises(CryptoWrong) as refused:
        seal.open(sealed, other.sign("1", "2", sealed), "1", "2")
    assert reason in (None, refused.value.reason)
