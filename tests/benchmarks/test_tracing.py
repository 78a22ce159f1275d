"""The measurement of the cost of tracing."""

from benchmarks.serving import tracing


def test_the_additional_time_of_each_case_is_measured():
    with tracing.receive() as url, tracing.trace(url, 1.0) as always:
        cases = {
            "off": tracing.Case(None, tracing.ENVIRON),
            "on": tracing.Case(always, tracing.ENVIRON),
        }
        added = tracing.compare(cases, rounds=2)
        always._provider.force_flush()

    assert list(added) == ["on"]
    assert added["on"] > 0
    exported = always._spans.labels("exported")._value.get()
    assert exported == 2 * tracing.REQUESTS
