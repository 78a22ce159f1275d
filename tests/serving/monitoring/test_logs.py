import pytest

from serving.monitoring.logs import redact


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (
            "403 for https://b.s3.amazonaws.com/m.onnx?X-Amz-Signature=abc&X-Amz-Date=1",
            "403 for https://b.s3.amazonaws.com/m.onnx?***",
        ),
        (
            "<https://a.blob.core.windows.net/c/m?sv=1&sig=a%2Fb%3D> failed",
            "<https://a.blob.core.windows.net/c/m?***> failed",
        ),
        (
            "https://storage.googleapis.com/b/m?X-Goog-Signature=ab (gone)",
            "https://storage.googleapis.com/b/m?*** (gone)",
        ),
        (
            "exceeded with url: /bucket/m.onnx?AWSAccessKeyId=me&Signature=abc (Caused",
            "exceeded with url: /bucket/m.onnx?*** (Caused",
        ),
        ("https://me:secret@host/?token=abc", "https://***@host/?***"),
        ("https://host/cb#access_token=abc", "https://host/cb?***"),
    ],
)
def test_redact_removes_credentials_from_urls(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text", ["really? yes=no", "https://host/path", "is it 5?", "item #1 = 2"]
)
def test_redact_keeps_other_text(text):
    assert redact(text) == text
