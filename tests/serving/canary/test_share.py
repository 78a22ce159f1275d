import pytest

from serving.canary.share import read_share
from serving.model.onnx_model import ModelRefusedError, Version


def make(alias: str, **tags: str) -> Version:
    return Version("iris", "4", "", "", alias, tags=tags)


@pytest.mark.parametrize(
    ("text", "share"), [("0", 0), ("0.05", 0.05), ("1", 1), ("1e-3", 0.001)]
)
def test_the_share_of_a_canary_is_its_tag(text, share):
    assert read_share(make("Canary", canary_share=text)) == share


@pytest.mark.parametrize(
    "text", ["", "half", "5%", "-0.01", "1.5", "nan", "inf", "0_1", " 0.5", "\u0660"]
)
def test_another_tag_is_refused(text):
    with pytest.raises(ModelRefusedError, match=f"version 4 is '{text}'; set it to"):
        read_share(make("Canary", canary_share=text))


def test_a_missing_tag_is_refused():
    with pytest.raises(ModelRefusedError, match="canary_share of version 4 is missing"):
        read_share(make("Canary"))


def test_previous_has_no_share_even_if_it_was_a_canary():
    assert read_share(make("Previous", canary_share="1")) == 0
