"""Scores parts in several processes on this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from iris_kedro.errors import ProjectError
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.rows import Part

AHEAD = 3  # parts that are submitted, for each process
ATTEMPTS = 3  # in a row in which a process dies before any part is finished

Score = Callable[[Part], Counts]
Submit = Callable[[Part], Future[Counts]]


def score_in_processes(
    score: Score, parts: Sequence[Part], processes: int
) -> Iterator[Counts]:
    """Score parts in new processes; yield the counts of finished parts.

    When a process is killed, unfinished parts are scored again.

    Raises:
        ProjectError: If processes die repeatedly without finishing anything.
    """
    remaining = {each.number: each for each in parts}
    failed = 0
    while remaining:
        try:
            with _start_pool(score, min(processes, len(remaining))) as pool:
                waiting = list(remaining.values())
                for part, counts in score_ahead(_submit_to(pool), waiting, processes):
                    del remaining[part.number]
                    failed = 0
                    yield counts
        except BrokenProcessPool as error:
            failed += 1
            if failed == ATTEMPTS:
                raise ProjectError(
                    f"a process was killed {ATTEMPTS} times in a row before it finished"
                    " a part, usually because it ran out of memory: try fewer,"
                    " for example with --params batch_inference.processes=1"
                ) from error


def score_ahead(
    submit: Submit, parts: Sequence[Part], processes: int
) -> Iterator[tuple[Part, Counts]]:
    """Yield finished parts with their counts, in any order.

    Only a few parts are submitted ahead, because there may be millions. If one fails,
    the waiting ones are cancelled.
    """
    waiting = iter(parts)
    running: dict[Future[Counts], Part] = {}
    try:
        while True:
            while len(running) < processes * AHEAD:
                part = next(waiting, None)
                if part is None:
                    break
                running[submit(part)] = part
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        for future in running:
            future.cancel()


def _submit_to(pool: ProcessPoolExecutor) -> Submit:
    return lambda part: pool.submit(_score, part)


def _start_pool(score: Score, processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        processes,
        # A copy of this process could copy locks that its threads hold.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(score,),
    )


_score_here: Score | None = None


def _start(score: Score) -> None:
    """Prepare a new process once, because a model may be large."""
    global _score_here  # noqa: PLW0603  (of the new process)
    _score_here = score
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _score(part: Part) -> Counts:
    assert _score_here is not None  # noqa: S101  (_start has run)
    return _score_here(part)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
