import pytest

from serving.model.freshness import GRACE_SECONDS, is_overdue, limit_silence

REPORTED = 1_800_000_000.0


@pytest.mark.parametrize(
    ("age", "overdue"),
    [(0, False), (75, False), (76, True), (-GRACE_SECONDS, False), (-3600, True)],
    ids=["now", "at the limit", "late", "of a clock that is ahead", "from the future"],
)
def test_a_report_is_overdue_after_its_time(age, overdue):
    within = limit_silence(5.0, is_polling=False)

    assert is_overdue(REPORTED, within, REPORTED + age) is overdue


def test_a_poll_with_a_slow_download_is_not_overdue():
    within = limit_silence(5.0, is_polling=True)

    assert not is_overdue(REPORTED, within, REPORTED + 300)
