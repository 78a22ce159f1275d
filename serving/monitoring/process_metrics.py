"""CPU time, memory and open files of the workers.

prometheus_client omits these metrics if processes share their values.
"""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.process_collector import ProcessCollector

REPORT_SECONDS = 1.0
CPU = "process_cpu_seconds"
GAUGES = {
    "process_resident_memory_bytes": ("Resident memory of all workers", "livesum"),
    "process_virtual_memory_bytes": ("Virtual memory of all workers", "livesum"),
    "process_open_fds": ("Open file descriptors of all workers", "livesum"),
    "process_max_fds": ("Limit of open file descriptors of all workers", "livesum"),
    "process_start_time_seconds": ("Start of the oldest worker", "livemin"),
}


class ProcessMetrics:
    """The resources that a process uses, summed over all workers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._collector = ProcessCollector(registry=None)
        self._cpu = Counter(CPU, "CPU time of all workers", registry=registry)
        self._counted = 0.0
        self._gauges = {
            name: Gauge(name, text, multiprocess_mode=mode, registry=registry)  # type: ignore[arg-type]
            for name, (text, mode) in GAUGES.items()
        }
        self._next_report = 0.0

    def report(self) -> None:
        """Set the metrics, at most once a second."""
        now = time.monotonic()
        if now < self._next_report:
            return
        self._next_report = now + REPORT_SECONDS
        for family in self._collector.collect():
            value = family.samples[0].value
            if family.name == CPU:
                self._cpu.inc(max(0.0, value - self._counted))
                self._counted = value
            else:
                self._gauges[family.name].set(value)
